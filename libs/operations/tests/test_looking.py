"""What an operator sees of streams, consumers and outboxes."""

import json
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import asyncpg
import pytest
from libs.operations.tests.conftest import Reader, Stitch
from nats.js.api import StorageType

from stitch_common.bus.topology import LIMITS, STREAM, STREAMS, apply, consumer_config
from stitch_common.contracts.auth import UserVerified
from stitch_common.testing.databases import Databases
from stitch_common.testing.traffic import Traffic
from stitch_operations.register import wanted_consumers

WAITING = """
insert into events.outbox (fact_id, subject, headers, payload)
select gen_random_uuid(), 'stitch.events.event.created.v1', '{}', '{}' from generate_series(1, 3)
"""


@pytest.fixture
async def events_dsn(service_databases: Databases) -> AsyncGenerator[str]:
    async with service_databases.fresh("stitch_events") as dsn:
        yield dsn


async def test_a_topology_as_it_should_be_is_no_news(traffic: Traffic, stitch: Stitch) -> None:
    await apply(traffic.bus, wanted_consumers())

    said = await stitch("topology", "--json")

    assert (said.code, said.json) == (0, [])


async def test_a_changed_stream_is_reported_and_then_corrected(
    traffic: Traffic, stitch: Stitch
) -> None:
    await apply(traffic.bus, wanted_consumers())
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


async def test_a_broker_without_anything_is_told_and_filled(
    traffic: Traffic, stitch: Stitch
) -> None:
    await traffic.bus.js.delete_stream(STREAM)

    reported = await stitch("topology", "--json")
    applied = await stitch("topology", "apply", "--json")
    again = await stitch("topology", "--json")

    missing = [f"stream {STREAM}", *(f"consumer {wanted.name}" for wanted in wanted_consumers())]
    assert [(row["what"], row["state"]) for row in reported.json] == [
        (what, "missing") for what in missing
    ]
    assert {row["state"] for row in applied.json} == {"mended"}
    assert (reported.code, applied.code, again.json) == (3, 0, [])


async def test_a_consumer_that_differs_is_reported_and_then_corrected(
    traffic: Traffic, stitch: Stitch
) -> None:
    await apply(traffic.bus, wanted_consumers())
    wanted = wanted_consumers()[0]
    tampered = consumer_config(wanted).evolve(filter_subjects=["stitch.auth.>"], max_deliver=3)
    await traffic.bus.js.add_consumer(STREAM, tampered)

    reported = await stitch("topology", "--json")
    await stitch("topology", "apply")
    corrected = await stitch("topology", "--json")

    assert {(row["what"], row["setting"]) for row in reported.json} == {
        (f"consumer {wanted.name}", "filter_subjects"),
        (f"consumer {wanted.name}", "max_deliver"),
    }
    assert corrected.json == []


async def test_a_consumer_of_no_service_is_reported_and_forgotten_on_demand_only(
    traffic: Traffic, stitch: Stitch, reader: Reader
) -> None:
    await apply(traffic.bus, [*wanted_consumers(), reader.consumer])

    applied = await stitch("topology", "apply", "--json")
    await stitch("topology", "forget", "auth-reader")
    after = await stitch("topology", "--json")

    (stranger,) = applied.json
    assert stranger["what"] == "consumer auth-reader"
    assert stranger["state"].startswith("a stranger")
    assert (applied.code, after.json) == (3, [])


async def test_a_consumer_of_a_service_is_not_forgotten(traffic: Traffic, stitch: Stitch) -> None:
    await apply(traffic.bus, wanted_consumers())

    said = await stitch("topology", "forget", "content-dashboard")

    assert said.code == 1
    assert said.err.startswith("stitch: content-dashboard belongs to a service")


async def test_what_can_not_be_mended_is_told_with_the_brokers_reason(
    traffic: Traffic, stitch: Stitch
) -> None:
    await traffic.bus.js.delete_stream(LIMITS)
    await traffic.bus.js.add_stream(STREAMS[3].evolve(storage=StorageType.FILE))

    applied = await stitch("topology", "apply", "--json")
    await traffic.bus.js.delete_stream(LIMITS)
    await apply(traffic.bus)

    (row,) = [row for row in applied.json if row["what"] == f"stream {LIMITS}"]
    assert row["state"].startswith("not mended: stream configuration update can not change")
    assert applied.code == 3


async def test_consumers_tell_how_far_they_are(
    traffic: Traffic, stitch: Stitch, broken: Reader, verified: Callable[[int], UserVerified]
) -> None:
    await traffic.publish(verified(1))
    await traffic.handle_all(broken.consumer)
    await traffic.publish(verified(2), verified(3))

    rows = (await stitch("consumers", "--json")).json

    (row,) = [row for row in rows if row["consumer"] == "auth-reader"]
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


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ({"STITCH_DATABASE_URL": "postgresql://a@127.0.0.1:9/a"}, "Connect call failed"),
        ({"STITCH_DATABASE_URL": "nonsense"}, "invalid DSN"),
        ({"STITCH_DATABASE_URL_FILE": "/nowhere"}, "database_url"),
        ({"STITCH_STREAM_REPLICAS": "many"}, "stream_replicas"),
    ],
)
async def test_a_database_that_is_away_or_wrong_is_a_sentence(
    stitch: Stitch, where: dict[str, str], says: str
) -> None:
    said = await stitch("outbox", **where)

    assert said.code == 1
    assert said.err.startswith("stitch: ")
    assert says in said.err


@pytest.mark.parametrize("action", ["report", "apply"])
async def test_only_forgetting_takes_a_consumer(stitch: Stitch, action: str) -> None:
    said = await stitch("topology", action, "content-dashboard")

    assert (said.code, said.err) == (1, "stitch: Only `stitch topology forget` takes a consumer.\n")
