"""A migrated database, the application on it, and people who can log in."""

import json
from base64 import b64encode
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from itertools import count
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from stitch_auth.api import create_api
from stitch_auth.keys.adapters import make_private_key, to_bytes
from stitch_auth.keys.models import KeyState, SigningKey
from stitch_auth.keys.repository import KeyRepository
from stitch_auth.keys.rules import public_jwk
from stitch_auth.registration.service import RegistrationService
from stitch_auth.settings import AuthSettings, BootstrapUser
from stitch_common.bus.topology import LIMITS, apply
from stitch_common.database import Database
from stitch_common.runtime import StoredRuntime
from stitch_common.security.principals import Role
from stitch_common.security.sealing import SealedBox
from stitch_common.testing.clock import NOW, SettableClock
from stitch_common.testing.databases import Databases
from stitch_common.testing.services import runtime_for
from stitch_common.testing.tokens import Issuer

PACKAGE = "stitch_auth"
PASSWORD = "violet-kayak-thermos-42"
KEY = SecretStr(b64encode(b"k" * 32).decode())

Runtime = StoredRuntime[AuthSettings]


def settings_with(**changes: Any) -> AuthSettings:
    """Settings with hashing that costs nothing."""
    values: dict[str, Any] = {
        "environment": "test",
        "database_url": SecretStr("postgresql://unused"),
        "cursor_key": SecretStr("c" * 40),
        "secret_keys": {"k1": KEY},
        "password_peppers": {"p1": KEY},
        "link_keys": {
            purpose: {"1": KEY} for purpose in ("verify-email", "reset-password", "not-me")
        },
        "mail_answer_after": timedelta(0),
        "public_url": "https://stitch.example",
        "cors_origins": ("https://app.example",),
        "hashing_memory_kib": 8,
        "hashing_passes": 1,
    }
    return AuthSettings(**{**values, **changes})


@cache
def stored_key() -> dict[str, Any]:
    """One signing key a test process: making one takes a tenth of a second or more."""
    private = make_private_key(2048)
    jwk = public_jwk(private.public_key())
    context = f"signing-key:{jwk['kid']}"
    return {
        "kid": jwk["kid"],
        "public_jwk": jwk,
        "sealed_private_key": SealedBox({"k1": KEY}).seal(to_bytes(private), context),
    }


async def add_key(database: Database) -> None:
    key = SigningKey(state=KeyState.ACTIVE, created_at=NOW, state_since=NOW, **stored_key())
    async with database.transaction() as session:
        await KeyRepository(session).add(key)


@pytest.fixture
def settings() -> AuthSettings:
    return settings_with()


@pytest.fixture
async def empty_database(service_databases: Databases) -> AsyncGenerator[Database]:
    """Without even a signing key; nothing is left behind in it, one connection, so no races."""
    async with service_databases.savepoint(PACKAGE) as database:
        yield database


@pytest.fixture
async def database(empty_database: Database) -> Database:
    """With a signing key."""
    await add_key(empty_database)
    return empty_database


@pytest.fixture
async def busy_database(service_databases: Databases) -> AsyncGenerator[Database]:
    """Of the test's own, with a pool: for real commits and concurrency."""
    async with service_databases.fresh(PACKAGE) as dsn:
        database = Database.connect(dsn, application_name="test", pool_size=8)
        await add_key(database)
        yield database
        await database.dispose()


Wire = Callable[[Database, AuthSettings], Awaitable["Wired"]]


class Wired:
    """The application on a database, and a browser in front of it."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.app: FastAPI = create_api(runtime)
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="https://stitch.example")

    @property
    def registrations(self) -> RegistrationService:
        service: RegistrationService = self.app.state.registrations
        return service

    async def facts(self, name: str = "") -> list[dict[str, Any]]:
        """The payloads in the outbox whose subject contains this."""
        async with self.runtime.database.connection() as connection:
            rows = await connection.fetch(
                "select payload from auth.outbox where subject like '%' || $1 || '%' order by id",
                name,
            )
        return [json.loads(row["payload"]) for row in rows]

    async def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        async with self.runtime.database.connection() as connection:
            return [dict(row) for row in await connection.fetch(query, *values)]


@pytest.fixture
async def wire(clock: SettableClock, nats_url: str) -> AsyncGenerator[Wire]:
    opened: list[tuple[Wired, Any]] = []

    async def make(database: Database, settings: AuthSettings) -> Wired:
        settings = settings.model_copy(update={"nats_url": nats_url})
        context = runtime_for(
            "auth", settings, database=database, clock=clock, issuer=Issuer(clock)
        )
        wired = Wired(await context.__aenter__())
        await wired.runtime.bus.connect()
        if not opened:
            await apply(wired.runtime.bus)
            await wired.runtime.bus.js.purge_stream(LIMITS)
        opened.append((wired, context))
        return wired

    yield make
    for wired, context in opened:
        await wired.client.aclose()
        await wired.runtime.bus.close()
        await context.__aexit__(None, None, None)


@pytest.fixture
async def wired(wire: Wire, database: Database, settings: AuthSettings) -> Wired:
    return await wire(database, settings)


@pytest.fixture
def client(wired: Wired) -> httpx.AsyncClient:
    return wired.client


@dataclass(frozen=True)
class Person:
    """Somebody with a verified account."""

    id: int
    username: str
    email: str
    password: str = PASSWORD


class People:
    """Makes accounts, and logs them in."""

    def __init__(self, wired: Wired) -> None:
        self._wired = wired
        self._numbers = count(1)

    async def make(self, role: Role = Role.VIEWER, username: str | None = None) -> Person:
        name = username or f"{role}{next(self._numbers)}"
        wanted = BootstrapUser(
            username=name,
            email=f"{name}@example.com",
            password=SecretStr(PASSWORD),
            full_name=name.title(),
            role=role,
        )
        assert await self._wired.registrations.ensure(wanted)
        query = "select id from auth.users where username = $1 and deleted_at is null"
        (row,) = await self._wired.rows(query, name)
        return Person(row["id"], name, wanted.email)

    async def log_in(self, person: Person, **form: str) -> httpx.Response:
        data = {"username": person.username, "password": person.password, **form}
        answer = await self._wired.client.post("/api/auth/token", data=data)
        assert answer.status_code == 200, answer.text
        return answer

    async def headers(self, person: Person) -> dict[str, str]:
        """The `Authorization` header of this person."""
        token = (await self.log_in(person)).json()["access_token"]
        return {"authorization": f"Bearer {token}"}


@pytest.fixture
def people(wired: Wired) -> People:
    return People(wired)
