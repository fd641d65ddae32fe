"""An event of which no fact has come yet is asked for, over a real bus."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import httpx
import pytest
from services.notifications.tests.factories import EVENT_ID, event_state, published

from stitch_common.bus.questions import Answer
from stitch_common.contracts.events import EventDeleted
from stitch_common.contracts.questions import DescribeEvent, EventNow
from stitch_common.database import Database
from stitch_common.errors import ErrorKind, StitchError
from stitch_common.testing.clock import NOW, SettableClock
from stitch_common.testing.services import client_of, runtime_for
from stitch_common.testing.tokens import Issuer
from stitch_common.testing.traffic import answering_for
from stitch_notifications.api import create_api
from stitch_notifications.audience.service import Audience
from stitch_notifications.settings import NotificationsSettings

Headers = dict[str, str]
Answering = Callable[[Answer], AbstractAsyncContextManager[None]]
PATHS = ["send-invitations", "send-reminders"]
BODIES = {"send-invitations": ["ada@x.com"], "send-reminders": {"audience": "all"}}


class UnknownEventError(StitchError):
    """There is no such event."""

    kind = ErrorKind.NOT_FOUND
    code = "event-not-found"


@pytest.fixture
async def client(
    nats_url: str,
    database: Database,
    clock: SettableClock,
    issuer: Issuer,
    settings: NotificationsSettings,
) -> AsyncGenerator[httpx.AsyncClient]:
    """The service with its connection to NATS."""
    with_bus = settings.model_copy(update={"nats_url": nats_url})
    wired = runtime_for("notifications", with_bus, database=database, clock=clock, issuer=issuer)
    async with wired as runtime:
        await runtime.bus.connect()
        async with client_of(create_api(runtime)) as client:
            yield client
        await runtime.bus.close()


@pytest.fixture
def answering(nats_url: str, patient_questions: None) -> Answering:
    """Let something answer for the events service, over its own connection."""
    return lambda answer: answering_for(nats_url, "events", {DescribeEvent: answer})


async def call(
    client: httpx.AsyncClient, editor: Headers, path: str, **headers: str
) -> httpx.Response:
    url = f"/api/notifications/{EVENT_ID}/{path}"
    return await client.post(url, json=BODIES[path], headers={**editor, **headers})


def described(status: str = "published", version: int = 2) -> Answer:
    async def describe(question: DescribeEvent) -> EventNow:
        assert question.event_id == EVENT_ID
        return EventNow(version=version, event=event_state(status=status))

    return describe


async def unknown(_question: DescribeEvent) -> EventNow:
    raise UnknownEventError


@pytest.mark.parametrize("path", PATHS)
async def test_an_event_that_was_published_a_moment_ago_can_be_used(
    client: httpx.AsyncClient, editor: Headers, answering: Answering, path: str
) -> None:
    async with answering(described()):
        answer = await call(client, editor, path)

    assert answer.status_code == 202, answer.text


@pytest.mark.parametrize("path", PATHS)
async def test_an_event_that_its_owner_does_not_know_is_not_found(
    client: httpx.AsyncClient, editor: Headers, answering: Answering, path: str
) -> None:
    async with answering(unknown):
        answer = await call(client, editor, path)

    assert (answer.status_code, answer.json()["code"]) == (404, "event-not-found")


async def test_a_draft_is_refused_as_if_its_facts_had_come(
    client: httpx.AsyncClient, editor: Headers, answering: Answering
) -> None:
    async with answering(described("draft")):
        answer = await call(client, editor, "send-invitations")

    assert (answer.status_code, answer.json()["code"]) == (409, "event-not-published")


async def test_an_owner_that_is_away_is_said_to_be(
    client: httpx.AsyncClient, editor: Headers
) -> None:
    answer = await call(client, editor, "send-invitations")

    assert (answer.status_code, answer.json()["code"]) == (503, "event-not-known-yet")
    assert int(answer.headers["retry-after"]) > 0


async def test_an_owner_that_is_too_slow_is_away(
    client: httpx.AsyncClient,
    editor: Headers,
    answering: Answering,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(DescribeEvent, "deadline", timedelta(seconds=0.2))

    async def think(question: DescribeEvent) -> EventNow:
        await asyncio.Event().wait()
        return await described()(question)  # type: ignore[return-value]

    async with answering(think):
        answer = await call(client, editor, "send-invitations")

    assert (answer.status_code, answer.json()["code"]) == (503, "event-not-known-yet")


async def test_an_event_that_is_known_is_not_asked_for(
    client: httpx.AsyncClient, editor: Headers, database: Database
) -> None:
    """Nobody listens: asking would fail."""
    async with database.transaction() as session:
        await Audience(session).learn_events([published()])

    assert (await call(client, editor, "send-invitations")).status_code == 202


async def test_an_event_that_is_known_as_a_draft_may_have_been_published(
    client: httpx.AsyncClient, editor: Headers, answering: Answering, database: Database
) -> None:
    async with database.transaction() as session:
        await Audience(session).learn_events([published(version=1, status="draft")])

    silent = await call(client, editor, "send-invitations")
    async with answering(described(version=2)):
        told = await call(client, editor, "send-invitations")

    assert (silent.status_code, told.status_code) == (409, 202)


async def test_a_deleted_event_stays_deleted_and_is_not_asked_for(
    client: httpx.AsyncClient, editor: Headers, database: Database
) -> None:
    async with database.transaction() as session:
        await Audience(session).learn_events([EventDeleted(event_id=EVENT_ID, version=5, at=NOW)])

    assert (await call(client, editor, "send-invitations")).status_code == 404


async def test_what_the_owner_said_loses_against_newer_facts(
    client: httpx.AsyncClient, editor: Headers, answering: Answering, database: Database
) -> None:
    async with answering(described(version=2)):
        await call(client, editor, "send-invitations")
    async with database.transaction() as session:
        audience = Audience(session)
        await audience.learn_events([published(version=1, title="Older")])
        before = (await audience.get_event(EVENT_ID)).title
        await audience.learn_events([published(version=3, title="Newer")])
        after = (await audience.get_event(EVENT_ID)).title

    assert (before, after) == ("Summer concert", "Newer")


async def test_the_same_call_with_its_key_is_done_once(
    client: httpx.AsyncClient, editor: Headers, answering: Answering
) -> None:
    async with answering(described()):
        first, second = [
            await call(client, editor, "send-invitations", **{"idempotency-key": "k"})
            for _ in range(2)
        ]

    assert first.json() == second.json()
