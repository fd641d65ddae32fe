"""The service on a real PostgreSQL, with a clock that obeys and a key for links."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy.engine import Engine

from stitch_common.bus.inbox import Received
from stitch_common.contracts import Fact
from stitch_common.contracts.notifications import InvitationsRequested, Recipient
from stitch_common.database import Database
from stitch_common.runtime import StoredRuntime
from stitch_common.security.links import LinkSigner
from stitch_common.security.principals import Role
from stitch_common.testing.clock import SettableClock
from stitch_common.testing.databases import Databases
from stitch_common.testing.services import client_of, runtime_for
from stitch_common.testing.tokens import Issuer
from stitch_events.api import create_api
from stitch_events.settings import EventsSettings

SETTINGS = EventsSettings(
    environment="test",
    database_url=SecretStr("postgresql://unused"),
    cursor_key=SecretStr("c" * 32),
    link_keys={"rsvp": {"1": SecretStr("a2V5" * 11)}},
    public_url="https://stitch.example",
)


@pytest.fixture
def issuer(clock: SettableClock) -> Issuer:
    return Issuer(clock)


@pytest.fixture
async def database(service_databases: Databases) -> AsyncGenerator[Database]:
    """Nothing is left behind in it; one connection, so no races."""
    async with service_databases.savepoint("stitch_events") as database:
        yield database


@pytest.fixture
async def shared_database(service_databases: Databases) -> AsyncGenerator[Database]:
    """A clone of its own with a pool, for what happens at once."""
    async with service_databases.fresh("stitch_events") as dsn:
        database = Database.connect(dsn, application_name="test", pool_size=8)
        yield database
        await database.dispose()


@pytest.fixture
def settings() -> EventsSettings:
    return SETTINGS


@pytest.fixture
async def runtime(
    database: Database, clock: SettableClock, issuer: Issuer, settings: EventsSettings
) -> AsyncGenerator[StoredRuntime[EventsSettings]]:
    wired = runtime_for("events", settings, database=database, clock=clock, issuer=issuer)
    async with wired as runtime:
        yield runtime


@pytest.fixture
def app(runtime: StoredRuntime[EventsSettings]) -> FastAPI:
    return create_api(runtime)


@pytest.fixture
async def client(app: FastAPI) -> AsyncGenerator[httpx.AsyncClient]:
    async with client_of(app) as client:
        yield client


@pytest.fixture
def editor(issuer: Issuer) -> dict[str, str]:
    return issuer.headers(Role.EDITOR)


@pytest.fixture
def viewer(issuer: Issuer) -> dict[str, str]:
    return issuer.headers(Role.VIEWER)


MakeEvent = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def make_event(client: httpx.AsyncClient, editor: dict[str, str]) -> MakeEvent:
    """Make an event; it is published unless `published=False`."""

    async def make(*, published: bool = True, **fields: Any) -> dict[str, Any]:
        body = {**GARDEN_PARTY, **fields}
        answer = await client.post("/api/events", json=body, headers=editor)
        assert answer.status_code == 201, answer.text
        if published:
            path = f"{answer.headers['location']}/publish"
            answer = await client.post(path, headers=editor)
            assert answer.status_code == 200, answer.text
        event: dict[str, Any] = answer.json()
        return event

    return make


@pytest.fixture
def add_guest(client: httpx.AsyncClient, editor: dict[str, str]) -> MakeEvent:
    """Put a guest on the list, as an editor does."""

    async def add(event: dict[str, Any], email: str = "ada@example.com", **fields: Any) -> Any:
        path = f"/api/events/{event['id']}/rsvps"
        answer = await client.post(path, json={"email": email, **fields}, headers=editor)
        assert answer.status_code == 201, answer.text
        return answer.json()

    return add


@pytest.fixture
def invite(app: FastAPI, clock: SettableClock) -> Callable[..., Awaitable[None]]:
    """Deliver what notifications asks for, as if it had come over the bus."""

    async def deliver(event: dict[str, Any], *emails: str, **fields: Any) -> None:
        request = invitations(event["id"], *emails, at=clock(), **fields)
        await app.state.guests.invite(request, received(uuid4(), at=clock()))

    return deliver


@pytest.fixture
def token_of(clock: SettableClock) -> Callable[..., str]:
    """Make the link of a guest, as notifications does."""
    signer = LinkSigner(SETTINGS.link_keys, clock)

    def sign(rsvp_id: int, *, version: int = 1) -> str:
        expires_at = clock() + timedelta(days=365)
        return signer.sign("rsvp", rsvp_id, version=version, expires_at=expires_at)

    return sign


@pytest.fixture
def facts(database: Database) -> Callable[..., Awaitable[list[dict[str, Any]]]]:
    """Read what was recorded for the bus: payloads of one kind, oldest first."""

    async def recorded(fact: type[Fact]) -> list[dict[str, Any]]:
        async with database.connection() as connection:
            rows = await connection.fetch(
                "select payload from events.outbox where subject = $1 order by id", fact.subject
            )
        return [json.loads(row["payload"]) for row in rows]

    return recorded


@pytest.fixture
def statements(database: Database) -> Callable[[], AbstractAsyncContextManager[list[str]]]:
    """Note what is sent to PostgreSQL, by the driver itself and by SQLAlchemy."""

    @asynccontextmanager
    async def noted() -> AsyncGenerator[list[str]]:
        sent: list[str] = []

        def note(*args: Any) -> None:
            sent.append(args[2])

        sqlalchemy_event.listen(Engine, "before_cursor_execute", note)
        async with database.connection() as connection:
            with connection.query_logger(lambda query: sent.append(query.query)):
                yield sent
                await asyncio.sleep(0)  # the driver calls its loggers a turn later
        sqlalchemy_event.remove(Engine, "before_cursor_execute", note)

    return noted


def invitations(event_id: int, *emails: str, at: datetime, **fields: Any) -> InvitationsRequested:
    recipients = [Recipient(email=email, name=email.partition("@")[0]) for email in emails]
    usual = {"batch_id": "b-1", "part": 0, "template_id": None, "resend": False}
    return InvitationsRequested(
        event_id=event_id, recipients=recipients, requested_by=1, at=at, **{**usual, **fields}
    )


def received(fact_id: UUID, *, at: datetime) -> Received:
    return Received(
        fact_id=fact_id,
        consumer="events-invitations",
        subject=InvitationsRequested.subject,
        sequence=0,
        occurred_at=at,
        delivered=1,
        request_id=None,
        stream_sequence=1,
    )


GARDEN_PARTY = {
    "title": "Garden Party",
    "description": "Lanterns, lemonade and a string quartet.",
    "event_type": "party",
    "start_date": "2026-06-20T18:00:00+02:00",
    "end_date": "2026-06-20T23:00:00+02:00",
    "timezone": "Europe/Berlin",
    "location": "Botanical Garden, Berlin",
}
