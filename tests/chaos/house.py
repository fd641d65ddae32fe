"""Real servers and processes that are killed and started again, and what must be true after it."""

import asyncio
import os
import shutil
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from nats.js.errors import NotFoundError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from stitch_common.bus.connection import Bus
from stitch_common.bus.outbox import Outbox
from stitch_common.bus.tables import create_bus_tables
from stitch_common.bus.topology import DEAD_LETTERS, STREAM
from stitch_common.contracts.auth import UserVerified
from stitch_common.database import Database, driver_url
from stitch_common.testing.clock import NOW
from stitch_dev.nats import EmbeddedNats
from stitch_dev.ports import find_free
from stitch_dev.postgres import EmbeddedPostgres

CONSUMER = "auth-chaos"
MEMBER = Path(__file__).with_name("member.py")
TABLES = """
create table auth.source (user_id int, version int, primary key (user_id, version));
create table auth.effect (place bigint generated always as identity, user_id int, version int);
create table auth.state (user_id int primary key, version int not null)
"""
MISSING = """
select count(*) from auth.source left join auth.effect using (user_id, version)
where effect.user_id is null
"""


class House:
    """PostgreSQL, nats-server, a relay and a consumer, each in a process of its own."""

    def __init__(self, folder: Path, *, patience: float) -> None:
        self._folder = folder
        self._patience = patience
        # Not the fast ones of other tests: what is committed must survive a kill.
        self.postgres = EmbeddedPostgres(folder / "postgres", find_free())
        self.nats = EmbeddedNats(folder / "nats", find_free())
        self._members: dict[str, Process] = {}
        self._misfortunes: dict[str, Callable[[], Awaitable[None]]] = {
            "relay": lambda: self._kill_member("relay"),
            "consumer": lambda: self._kill_member("consumer"),
            "postgres": self._kill_postgres,
            "nats": self._kill_nats,
            "nats forgets all": self._empty_nats,
            "nats goes back in time": self._roll_nats_back,
            "the consumer is deleted": self._delete_consumer,
            "the stream is deleted": self._delete_stream,
            "poison": self._poison,
            "the consumer is asked to end": self._end_consumer,
        }

    async def start(self) -> None:
        self.postgres.start()
        self.nats.start()
        await self._build()
        for role in ("relay", "consumer"):
            await self._start_member(role)

    async def strike(self, what: str) -> None:
        """Let something happen to one part, and start it again."""
        await self._misfortunes[what]()

    async def be_without_nats(self, seconds: float) -> float:
        """Take the broker away for so long; gives which share of a core the others used."""
        self._end_nats()
        before = self._cpu_seconds()
        await asyncio.sleep(seconds)
        used = self._cpu_seconds() - before
        self.nats.start()
        return used / seconds

    def _cpu_seconds(self) -> float:
        """Add up user and system time of relay and consumer, from /proc."""
        stats = [Path(f"/proc/{m.pid}/stat").read_text() for m in self._members.values()]
        ticks = [sum(map(int, stat.rpartition(")")[2].split()[11:13])) for stat in stats]
        return sum(ticks) / os.sysconf("SC_CLK_TCK")

    async def end(self) -> None:
        for member in self._members.values():
            if member.returncode is None:
                member.kill()
            await member.wait()
        self.nats.stop()
        self.postgres.remove()

    def keep_copy_of_nats(self) -> None:
        """Stop the broker for a moment and put its store aside, to go back to."""
        self.nats.stop()
        shutil.rmtree(self._older, ignore_errors=True)
        shutil.copytree(self._store, self._older)
        self.nats.start()

    @property
    def _store(self) -> Path:
        return self._folder / "nats" / "jetstream"

    @property
    def _older(self) -> Path:
        return self._folder / "older"

    async def _build(self) -> None:
        engine = create_async_engine(driver_url(self.postgres.dsn))
        async with engine.begin() as connection:
            await connection.execute(text("create schema auth"))
            await connection.run_sync(create_bus_tables, "auth")
            for statement in TABLES.split(";"):
                await connection.execute(text(statement))
        await engine.dispose()

    async def _start_member(self, role: str) -> None:
        with (self._folder / f"{role}.log").open("ab") as log:
            self._members[role] = await asyncio.create_subprocess_exec(
                *(sys.executable, MEMBER, role, CONSUMER, self.postgres.dsn, self.nats.address),
                stdout=log,
                stderr=log,
            )

    async def _kill_member(self, role: str) -> None:
        member = self._members[role]
        member.kill()
        await member.wait()
        await self._start_member(role)

    async def _kill_postgres(self) -> None:
        if self.postgres.pid:
            os.kill(self.postgres.pid, signal.SIGKILL)
        self.postgres.stop()
        self.postgres.start()

    async def _kill_nats(self) -> None:
        self._end_nats()
        self.nats.start()

    async def _delete_consumer(self) -> None:
        async with self._connected() as bus:
            await bus.js.delete_consumer(STREAM, CONSUMER)

    async def _delete_stream(self) -> None:
        async with self._connected() as bus:
            await bus.js.delete_stream(STREAM)

    async def _poison(self) -> None:
        """Put something into the stream that is no fact, and wait until it is parked."""
        before = await self.parked()
        async with self._connected() as bus:
            stored = await bus.js.publish(UserVerified.subject, b"\xff no fact at all", timeout=10)
            async with asyncio.timeout(self._patience):
                while await self.parked() == before:  # noqa: ASYNC110 - only the broker knows
                    await asyncio.sleep(0.2)
            await bus.js.delete_msg(STREAM, stored.seq)

    async def _end_consumer(self) -> None:
        """As a deployment does, with a window full of facts."""
        member = self._members["consumer"]
        member.terminate()
        async with asyncio.timeout(self._patience):
            assert await member.wait() == 0
        await self._start_member("consumer")

    @asynccontextmanager
    async def _connected(self) -> AsyncGenerator[Bus]:
        """Wait until all that was deleted is there again."""
        bus = Bus(self.nats.address, "chaos")
        await bus.connect()
        try:
            async with asyncio.timeout(self._patience):
                while not await _is_whole(bus):  # noqa: ASYNC110 - only the broker knows
                    await asyncio.sleep(0.1)
            yield bus
        finally:
            await bus.close()

    async def parked(self) -> int:
        async with self._connected() as bus:
            return int((await bus.js.stream_info(DEAD_LETTERS)).state.messages)

    async def _empty_nats(self) -> None:
        self._end_nats()
        shutil.rmtree(self._store)
        self.nats.start()

    async def _roll_nats_back(self) -> None:
        self._end_nats()
        shutil.rmtree(self._store)
        shutil.copytree(self._older, self._store)
        self.nats.start()

    def _end_nats(self) -> None:
        if self.nats.pid:
            os.kill(self.nats.pid, signal.SIGKILL)
        self.nats.stop()


async def _is_whole(bus: Bus) -> bool:
    try:
        await bus.js.stream_info(DEAD_LETTERS)
        await bus.js.consumer_info(STREAM, CONSUMER)
    except NotFoundError:
        return False
    return True


async def write(database: Database, user_id: int, facts: int, pause: Callable[[], float]) -> None:
    """Commit a fact each with its row, through whatever happens to the database."""
    version = 1
    while version <= facts:
        try:
            await _commit(database, user_id, version, pause())
        except (DBAPIError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await asyncio.sleep(0.1)  # it is committed or not: the next attempt will see
        else:
            version += 1


async def _commit(database: Database, user_id: int, version: int, seconds: float) -> None:
    row = {"user_id": user_id, "version": version}
    async with database.transaction() as session:
        new = await session.execute(
            text("insert into auth.source values (:user_id, :version) on conflict do nothing"), row
        )
        await asyncio.sleep(seconds)
        if new.rowcount:  # type: ignore[attr-defined]
            Outbox(session).add(UserVerified(**row, at=NOW))


class Ledger:
    """What the database says at the end."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    async def complete(self, seconds: float) -> None:
        """Wait until every committed fact has had its effect."""
        async with asyncio.timeout(seconds):
            while await self._ask(MISSING):  # noqa: ASYNC110 - only the database knows
                await asyncio.sleep(0.2)

    async def doubled(self) -> int:
        return await self._ask(
            "select count(*) from (select from auth.effect group by user_id, version "
            "having count(*) > 1) as twice"
        )

    async def effects(self) -> int:
        return await self._ask("select count(*) from auth.effect")

    async def behind(self) -> int:
        """Count users whose state is not that of their last fact."""
        return await self._ask(
            "select count(*) from (select user_id, max(version) as last from auth.source "
            "group by user_id) as wanted left join auth.state using (user_id) "
            "where state.version is distinct from last"
        )

    async def _ask(self, question: str) -> int:
        connection = await asyncpg.connect(self._dsn)
        try:
            return int(await connection.fetchval(question))
        finally:
            await connection.close()
