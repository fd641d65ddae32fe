"""What an operator sees of streams, consumers and outboxes."""

import json
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import asyncpg
import pytest
from libs.operations.tests.conftest import Reader, Stitch

from stitch_common.bus.topology import STREAM
from stitch_common.contracts.auth import UserVerified
from stitch_common.testing.databases import Databases
from stitch_common.testing.traffic import Traffic

WAITING = """
insert into events.outbox (fact_id, subject, headers, payload)
select gen_random_uuid(), 'stitch.events.event.created.v1', '{}', '{}' from generate_series(1, 3)
"""


@pytest.fixture
async def events_dsn(service_databases: Databases) -> AsyncGenerator[str]:
    async with service_databases.fresh("stitch_events") as dsn:
        yield dsn


async def test_streams_as_they_should_be_are_no_news(traffic: Traffic, stitch: Stitch) -> None:
    said = await stitch("topology", "--json")

    assert (said.code, said.json) == (0, [])


async def test_a_changed_stream_is_reported_and_then_corrected(
    traffic: Traffic, stitch: Stitch
) -> None:
    config = (await traffic.bus.js.stream_info(STREAM)).config
    await traffic.bus.js.update_stream(config.evolve(max_bytes=2**30))

    reported = await stitch("topology", "--json")
    unchanged = await stitch("topology", "--json")
    await stitch("topology", "apply")
    corrected = await stitch("topology", "--json")

    assert reported.json == unchanged.json
    assert [row["setting"] for row in reported.json] == ["max_bytes"]
    assert reported.code == 3
    assert corrected.json == []


async def test_consumers_tell_how_far_they_are(
    traffic: Traffic, stitch: Stitch, broken: Reader, verified: Callable[[int], UserVerified]
) -> None:
    await traffic.publish(verified(1))
    await traffic.handle_all(broken.consumer)
    await traffic.publish(verified(2), verified(3))

    (row,) = (await stitch("consumers", "--json")).json

    assert row["consumer"] == "auth-reader"
    assert (row["lag"], row["unsettled"], row["parked"]) == (2, 0, 1)


async def test_an_outbox_tells_what_waits(stitch: Stitch, events_dsn: str) -> None:
    connection = await asyncpg.connect(events_dsn)
    await connection.execute(WAITING)
    await connection.close()

    (row,) = (await stitch("outbox", "--json", STITCH_DATABASE_URL=events_dsn)).json

    assert (row["service"], row["waiting"], row["has_relay"]) == ("events", 3, False)
    assert row["oldest_seconds"] >= 0


async def test_the_outbox_needs_a_database(stitch: Stitch) -> None:
    said = await stitch("outbox")

    assert said.code == 1
    assert "STITCH_DATABASE_URL" in said.err


async def test_on_a_laptop_the_running_stack_is_found(
    stitch: Stitch, events_dsn: str, tmp_path: Path
) -> None:
    (tmp_path / ".stitch").mkdir()
    where = {"nats": "nats://127.0.0.1:9", "postgres": events_dsn}
    (tmp_path / ".stitch" / "dev.json").write_text(json.dumps(where))

    (row,) = (await stitch("outbox", "--json")).json

    assert row["service"] == "events"


async def test_a_broker_that_is_away_is_a_sentence(stitch: Stitch) -> None:
    said = await stitch("consumers", STITCH_NATS_URL="nats://127.0.0.1:9")

    assert said.code == 1
    assert said.err.splitlines()[-1].startswith("stitch: no answer for 5 s")
