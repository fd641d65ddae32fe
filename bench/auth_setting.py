"""What the benchmark of auth runs on: real servers that write to their disks, and the service."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

from bench.asgi import call
from pydantic import SecretStr
from starlette.types import ASGIApp

from stitch_auth.api import create_api
from stitch_auth.settings import LINK_PURPOSES, AuthSettings, BootstrapUser
from stitch_common.bus.topology import apply
from stitch_common.clock import utc_now
from stitch_common.database import Database
from stitch_common.process import spare_collections
from stitch_common.security.principals import Role
from stitch_common.testing.databases import Databases
from stitch_common.testing.services import runtime_for
from stitch_common.testing.tokens import Issuer
from stitch_dev.nats import EmbeddedNats
from stitch_dev.postgres import EmbeddedPostgres

PEOPLE = 8
"""How many log in at a time."""
SESSIONS = 32
"""How many are refreshed at a time; of a few, each begins with caches that others have filled."""
PASSWORD = "violet-kayak-thermos-42"  # noqa: S105 - of users that live for seconds
KEY = SecretStr("a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=")
FORM = {"content-type": "application/x-www-form-urlencoded"}

Once = Callable[[int], Awaitable[object]]
"""Something that a person does; people have numbers."""


@dataclass(frozen=True, slots=True)
class Client:
    """The service, and people who use it without a socket."""

    app: ASGIApp
    settings: AuthSettings
    tokens: dict[int, str] = field(default_factory=dict)

    async def log_in(self, number: int) -> None:
        form = {"username": f"user{number}", "password": PASSWORD, "scope": "offline_access"}
        self._keep(number, await self._post("token", urlencode(form), headers=FORM))

    async def refresh(self, number: int) -> None:
        body = json.dumps({"refresh_token": self.tokens[number]})
        self._keep(number, await self._post("refresh", body, headers={}))

    async def _post(self, name: str, body: str, *, headers: dict[str, str]) -> bytes:
        path = f"/api/auth/{name}"
        return await call(self.app, "POST", path, headers=headers, body=body.encode())

    def _keep(self, number: int, answer: bytes) -> None:
        self.tokens[number] = json.loads(answer)["refresh_token"]


@dataclass(frozen=True, slots=True)
class Servers:
    """A migrated database and a broker."""

    dsn: str
    nats_url: str

    @asynccontextmanager
    async def client(self) -> AsyncGenerator[Client]:
        """The service as in production, but that nobody is throttled."""
        settings = AuthSettings(
            database_url=SecretStr(self.dsn),
            nats_url=self.nats_url,
            cursor_key=SecretStr("c" * 32),
            secret_keys={"k": KEY},
            password_peppers={"p": KEY},
            link_keys={purpose: {"1": KEY} for purpose in LINK_PURPOSES},
            login_limit=10**6,
            login_limit_per_hour=10**6,
            login_limit_per_network=10**6,
        )
        database = Database.connect(self.dsn, application_name="bench", pool_size=PEOPLE)
        issuer = Issuer(utc_now)
        wired = runtime_for("auth", settings, database=database, clock=utc_now, issuer=issuer)
        async with wired as runtime:
            await runtime.bus.connect()
            await apply(runtime.bus)
            app = create_api(runtime)
            spare_collections()
            yield Client(app, settings)
            await runtime.bus.close()
        await database.dispose()


@asynccontextmanager
async def servers() -> AsyncGenerator[Servers]:
    with TemporaryDirectory() as name:
        folder = Path(name)
        postgres, nats = EmbeddedPostgres(folder / "postgres"), EmbeddedNats(folder / "nats")
        try:
            postgres.start()
            nats.start()
            databases = Databases(postgres.dsn, folder=folder, run="bench", worker="0")
            async with databases.fresh("stitch_auth") as dsn:
                yield Servers(dsn, nats.address)
        finally:
            nats.stop()
            postgres.remove()


async def fill(client: Client, dsn: str) -> None:
    """People, each with a session of theirs and a copy of it for pgbench."""
    registrations = client.app.state.registrations  # type: ignore[attr-defined]
    for number in range(SESSIONS):
        await registrations.ensure(person(number))
        await client.log_in(number)
    database = Database.connect(dsn, application_name="bench", pool_size=1)
    async with database.connection() as connection:
        await connection.execute("""
            insert into auth.sessions select 'bench-' || row_number() over (), user_id, seed,
                key_id, generation, rotated_at, delivery, scope, ip, user_agent, created_at,
                last_used_at, idle_expires_at, expires_at from auth.sessions
        """)
    await database.dispose()


def person(number: int) -> BootstrapUser:
    name = f"user{number}"
    return BootstrapUser(
        username=name,
        email=f"{name}@example.com",
        password=SecretStr(PASSWORD),
        full_name=name,
        role=Role.VIEWER,
    )


@dataclass(frozen=True, slots=True)
class Done:
    """How often something was done, and how much computing that took."""

    times: int
    cpu_seconds: float


class Work(StrEnum):
    """Who refreshes: the service, or the statements and the signature alone."""

    SERVICE = "service"
    BARE = "bare"


class Replica:
    """A process of the service, one of several, that works when it is told to."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def work(self, kind: Work, seconds: float) -> Done:
        """Refresh for so long."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{kind} {seconds}\n".encode())
        times, cpu_seconds = (await self._process.stdout.readline()).split()
        return Done(int(times), float(cpu_seconds))


@asynccontextmanager
async def replicas(servers: Servers, script: str, count: int) -> AsyncGenerator[Sequence[Replica]]:
    """So many processes that share the people among them."""
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                _replica(servers, script, range(first, SESSIONS, count))
            )
            for first in range(count)
        ]


@asynccontextmanager
async def _replica(servers: Servers, script: str, people: Sequence[int]) -> AsyncGenerator[Replica]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, script, servers.dsn, servers.nats_url, *map(str, people),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin
    yield Replica(process)
    process.stdin.close()
    await process.wait()
