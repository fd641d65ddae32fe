"""Fixtures of the content service: its database, its application, people who call it."""

from base64 import b64encode
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from functools import partial
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from stitch_common.clock import Clock
from stitch_common.contracts import Fact, fact_for_subject
from stitch_common.database import Database
from stitch_common.security.principals import Role
from stitch_common.testing.databases import Databases
from stitch_common.testing.services import client_of, runtime_for
from stitch_common.testing.tokens import Issuer
from stitch_content.api import create_api
from stitch_content.settings import ContentSettings

SETTINGS = ContentSettings(
    environment="test",
    database_url=SecretStr("postgresql://unused"),
    cursor_key=SecretStr("c" * 32),
    secret_keys={"test": SecretStr(b64encode(b"k" * 32).decode())},
)

FactsOf = Callable[[Database], Awaitable[list[Fact]]]
Write = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
async def database(service_databases: Databases) -> AsyncGenerator[Database]:
    """Nothing is left behind in it; one connection, so no concurrency."""
    async with service_databases.savepoint("stitch_content") as database:
        yield database


@pytest.fixture
async def concurrent_database(service_databases: Databases) -> AsyncGenerator[Database]:
    """A clone of its own, with real commits and as many connections as a process has."""
    async with service_databases.fresh("stitch_content") as dsn:
        database = Database.connect(dsn, application_name="test", pool_size=8)
        yield database
        await database.dispose()


@pytest.fixture
def facts_of() -> FactsOf:
    async def facts_of(database: Database) -> list[Fact]:
        async with database.connection() as connection:
            rows = await connection.fetch("select * from content.outbox order by txid, id")
        return [
            fact_for_subject(row["subject"]).model_validate_json(row["payload"]) for row in rows
        ]

    return facts_of


@pytest.fixture
def issuer(clock: Clock) -> Issuer:
    return Issuer(clock)


@pytest.fixture
def settings() -> ContentSettings:
    return SETTINGS


@pytest.fixture
async def app(
    database: Database, clock: Clock, issuer: Issuer, settings: ContentSettings
) -> AsyncGenerator[FastAPI]:
    wired = runtime_for("content", settings, database=database, clock=clock, issuer=issuer)
    async with wired as runtime:
        yield create_api(runtime)


@pytest.fixture
async def client(app: FastAPI) -> AsyncGenerator[httpx.AsyncClient]:
    """Nobody in particular."""
    async with client_of(app) as client:
        yield client


class Somebody(httpx.Auth):
    """Signs every request with a token of its own, because tests move the clock."""

    def __init__(self, issuer: Issuer, role: Role, user_id: int) -> None:
        self._headers = partial(issuer.headers, role, user_id=user_id)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        request.headers.update(self._headers())
        yield request


@pytest.fixture
async def viewer(app: FastAPI, issuer: Issuer) -> AsyncGenerator[httpx.AsyncClient]:
    async with client_of(app) as client:
        client.auth = Somebody(issuer, Role.VIEWER, 3)
        yield client


@pytest.fixture
async def editor(app: FastAPI, issuer: Issuer) -> AsyncGenerator[httpx.AsyncClient]:
    async with client_of(app) as client:
        client.auth = Somebody(issuer, Role.EDITOR, 2)
        yield client


@pytest.fixture
async def admin(app: FastAPI, issuer: Issuer) -> AsyncGenerator[httpx.AsyncClient]:
    async with client_of(app) as client:
        client.auth = Somebody(issuer, Role.ADMIN, 1)
        yield client


@pytest.fixture
def write(editor: httpx.AsyncClient) -> Write:
    """Write an item of content as an editor; gives it as the API does."""

    async def write(title: str = "Summer Concert", **fields: Any) -> dict[str, Any]:
        answer = await editor.post("/api/content", json={"title": title, **fields})
        assert answer.status_code == 201, answer.text
        item: dict[str, Any] = answer.json()
        return item

    return write
