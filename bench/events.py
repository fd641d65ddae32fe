"""Events: a list with counts, and a guest's answer, against what is least possible for each.

The yardsticks are a bare FastAPI route, the bare statements of a list and of an answer, and a list
that asks for the counts of each event. Between a bare route with its statement and the service is
what a service always does: token, limits, metrics, tracing, validation. The applications are called
without a client or a socket, so that the ratios are not those of a client.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import httpx
from bench.asgi import call
from bench.harness import Benchmark, Measure, Ratio, report
from fastapi import FastAPI, Response
from pydantic import SecretStr
from starlette.types import ASGIApp

from stitch_common.clock import utc_now
from stitch_common.database import Database
from stitch_common.security.links import LinkSigner
from stitch_common.security.principals import Role
from stitch_common.testing.databases import Databases
from stitch_common.testing.servers import postgres_server
from stitch_common.testing.services import client_of, runtime_for
from stitch_common.testing.tokens import Issuer
from stitch_events.api import create_api
from stitch_events.settings import EventsSettings

EVENTS, GUESTS, SHOWN = 200, 50, 20
CONNECTIONS = 8
SECONDS = 1.0
KEYS = {"rsvp": {"1": SecretStr("a2V5" * 11)}}

COUNTS_OF_ONE = """
select count(*), count(*) filter (where status = 'accepted'),
       count(*) filter (where status = 'declined'), count(*) filter (where status = 'maybe'),
       count(*) filter (where status = 'pending'), count(*) filter (where status = 'waitlisted')
from events.rsvps where event_id = $1 and deleted_at is null
"""
UNANSWERED = """
update events.rsvps set status = 'pending';
update events.events set seats_taken = 0;
analyze events.events;
analyze events.rsvps
"""
BARE_LIST = """
with page as (
    select * from events.events where deleted_at is null
    order by start_date desc, id desc limit 21
)
select row_to_json(page)::text, row_to_json(counts)::text
from page cross join lateral (
    select count(*), count(*) filter (where status = 'accepted') as accepted,
           count(*) filter (where status = 'declined') as declined,
           count(*) filter (where status = 'maybe') as maybe,
           count(*) filter (where status = 'pending') as pending,
           count(*) filter (where status = 'waitlisted') as waitlisted
    from events.rsvps where event_id = page.id and deleted_at is null
) counts
"""
BARE_LOCK = """
select e.*, r.* from events.rsvps r join events.events e on e.id = r.event_id
where r.id = $1 for no key update
"""
BARE_ANSWER = """
with answered as (
    update events.rsvps set status = $2, version = version + 1 where id = $1 returning event_id
), seated as (
    update events.events set seats_taken = seats_taken + $3 from answered where id = event_id
)
insert into events.outbox (fact_id, subject, headers, payload)
select gen_random_uuid(), 'stitch.events.rsvp.updated.v1', '{}', '{}' from answered
"""


async def per_second(once: Callable[[], Awaitable[object]]) -> float:
    """How often this is done in a second by eight at a time."""
    ended = time.perf_counter() + SECONDS
    done = count()

    async def repeat() -> None:
        while time.perf_counter() < ended:
            await once()
            next(done)

    await asyncio.gather(*(repeat() for _ in range(CONNECTIONS)))
    return next(done) / SECONDS


def rate(once: Callable[[], Awaitable[object]]) -> Measure:
    return lambda: per_second(once)


@dataclass(frozen=True, slots=True)
class Filled:
    """The service over a filled database, and a bare pool on the same one."""

    app: ASGIApp
    pool: "asyncpg.Pool[asyncpg.Record]"
    links: LinkSigner
    viewer: dict[str, str]
    event_ids: list[int]
    rsvp_ids: list[int]


@asynccontextmanager
async def filled_service() -> AsyncGenerator[Filled]:
    with TemporaryDirectory() as folder, postgres_server(Path(folder)) as admin:
        databases = Databases(admin, folder=Path(folder), run="bench", worker="0")
        async with (
            databases.fresh("stitch_events") as dsn,
            asyncpg.create_pool(dsn, min_size=CONNECTIONS, max_size=CONNECTIONS) as pool,
        ):
            database = Database.connect(dsn, application_name="bench", pool_size=CONNECTIONS)
            settings = EventsSettings(
                database_url=SecretStr(dsn), cursor_key=SecretStr("c" * 32), link_keys=KEYS
            )
            issuer = Issuer(utc_now)
            wired = runtime_for("events", settings, database=database, clock=utc_now, issuer=issuer)
            async with wired as runtime, client_of(app := create_api(runtime)) as client:
                await fill(client, issuer, pool)
                yield Filled(
                    app,
                    pool,
                    LinkSigner(KEYS, utc_now),
                    issuer.headers(Role.VIEWER),
                    await ids(pool, "events"),
                    await ids(pool, "rsvps"),
                )
            await database.dispose()


async def ids(pool: "asyncpg.Pool[asyncpg.Record]", table: str) -> list[int]:
    rows = await pool.fetch(f"select id from events.{table} order by id desc")  # noqa: S608 - ours
    return [row["id"] for row in rows]


async def fill(
    client: httpx.AsyncClient, issuer: Issuer, pool: "asyncpg.Pool[asyncpg.Record]"
) -> None:
    """Make one event and one guest through the service, and many more like them in bulk."""
    editor = issuer.headers(Role.EDITOR)
    start = utc_now() + timedelta(days=90)
    body = {
        "title": "Bench",
        "start_date": start.isoformat(),
        "end_date": (start + timedelta(hours=2)).isoformat(),
        "timezone": "UTC",
        "location": "here",
    }
    event = (await client.post("/api/events", json=body, headers=editor)).raise_for_status().json()
    path = f"/api/events/{event['id']}"
    (await client.post(f"{path}/publish", headers=editor)).raise_for_status()
    (
        await client.post(f"{path}/rsvps", json={"email": "a@b.example"}, headers=editor)
    ).raise_for_status()
    await multiply(pool, "events", {"slug": "slug || '-' || n", "uid": "uid || n"}, EVENTS)
    one_each = {
        "event_id": f"(select min(id) from events.events) + n % {EVENTS}",  # noqa: S608 - ours
        "email": "'g' || n || '@b.example'",
    }
    await multiply(pool, "rsvps", one_each, EVENTS * GUESTS)
    await pool.execute(UNANSWERED)


async def multiply(
    pool: "asyncpg.Pool[asyncpg.Record]", table: str, changed: dict[str, str], times: int
) -> None:
    """Copy the first row of a table so often, with some columns changed."""
    rows = await pool.fetch(
        "select column_name from information_schema.columns where table_schema = 'events' "
        "and table_name = $1 and is_generated = 'NEVER' and is_identity = 'NO'",
        table,
    )
    names = [row["column_name"] for row in rows]
    values = [changed.get(name, name) for name in names]
    await pool.execute(
        f"insert into events.{table} ({', '.join(names)}) select {', '.join(values)} "  # noqa: S608 - ours
        f"from (select * from events.{table} order by id limit 1) as first, "
        f"generate_series(1, {times}) as n"
    )


def bare_app(body: bytes) -> FastAPI:
    """The least that FastAPI does: a route that answers this, with no middleware or principal."""
    app = FastAPI()

    @app.get("/constant")
    async def constant() -> Response:
        return Response(body, media_type="application/json")

    return app


async def list_benchmark(filled: Filled) -> Benchmark:
    path, shown = f"/api/events?limit={SHOWN}", filled.event_ids[:SHOWN]
    bare = bare_app(await call(filled.app, "GET", path, headers=filled.viewer))

    async def service() -> None:
        await call(filled.app, "GET", path, headers=filled.viewer)

    async def query_per_event() -> None:
        await service()
        async with filled.pool.acquire() as connection:
            for event_id in shown:
                await connection.fetchrow(COUNTS_OF_ONE, event_id)

    async def bare_statement() -> None:
        await filled.pool.fetch(BARE_LIST)

    async def constant() -> None:
        await call(bare, "GET", "/constant", headers=filled.viewer)

    async def constant_and_statement() -> None:
        await constant()
        await bare_statement()

    return Benchmark(
        "list of 20 events with counts",
        "requests/s",
        {
            "service": rate(service),
            "service and a query per event": rate(query_per_event),
            "bare statement": rate(bare_statement),
            "bare route, constant": rate(constant),
            "bare route and statement": rate(constant_and_statement),
        },
        {
            "list/n+1": Ratio("service", "service and a query per event", (">=", 1.3)),
            "list/statement": Ratio("service", "bare statement"),
            "list/constant": Ratio("service", "bare route, constant"),
            "list/least": Ratio("service", "bare route and statement", (">=", 0.3)),
        },
    )


def answer_benchmark(filled: Filled) -> Benchmark:
    numbers = count()
    expires_at = utc_now() + timedelta(days=30)
    third = len(filled.rsvp_ids) // 3
    bare = bare_app(b"{}")

    def next_answer(part: int) -> tuple[int, str, int]:
        turn, place = divmod(next(numbers), third)
        status, seats = ("accepted", 1) if turn % 2 == 0 else ("declined", 0)
        return filled.rsvp_ids[part * third + place], status, seats

    async def service() -> None:
        rsvp_id, status, _seats = next_answer(0)
        token = filled.links.sign("rsvp", rsvp_id, version=1, expires_at=expires_at)
        headers = {"authorization": f"RSVP {token}"}
        body = b'{"status": "%s"}' % status.encode()
        await call(filled.app, "PUT", "/api/events/rsvp", headers=headers, body=body)

    async def bare_transaction(part: int = 1) -> None:
        rsvp_id, status, seats = next_answer(part)
        async with filled.pool.acquire() as connection, connection.transaction():
            await connection.fetchrow(BARE_LOCK, rsvp_id)
            await connection.execute(BARE_ANSWER, rsvp_id, status, seats)

    async def route_and_transaction() -> None:
        await call(bare, "GET", "/constant", headers={})
        await bare_transaction(2)

    return Benchmark(
        "a guest's answer",
        "answers/s",
        {
            "service": rate(service),
            "bare transaction": rate(bare_transaction),
            "bare route and transaction": rate(route_and_transaction),
        },
        {
            "answer/transaction": Ratio("service", "bare transaction"),
            "answer/least": Ratio("service", "bare route and transaction", (">=", 0.2)),
        },
    )


async def main() -> None:
    async with filled_service() as filled:
        benchmarks = [await list_benchmark(filled), answer_benchmark(filled)]
        for benchmark in benchmarks:
            await benchmark.run()
    report("events", benchmarks)


if __name__ == "__main__":
    asyncio.run(main())
