"""What a consumer does with facts on the real broker: handled, repeated, transient, final."""

import asyncio
import time
from datetime import timedelta
from itertools import pairwise

import pytest
from libs.common.tests.bus.kit import Verified
from opentelemetry import trace
from prometheus_client import REGISTRY
from sqlalchemy import text

from stitch_common.bus import flow
from stitch_common.bus.connection import Bus, BusClosedError
from stitch_common.bus.consumer import Consumer, MisnamedConsumerError, Patience
from stitch_common.bus.envelope import Envelope
from stitch_common.bus.inbox import Inbox, Received
from stitch_common.bus.publishing import publish
from stitch_common.bus.subscriptions import Subscriptions
from stitch_common.bus.topology import MAX_ACK_PENDING, STREAM, apply
from stitch_common.context import request_id
from stitch_common.contracts.auth import UserVerified
from stitch_common.database import Database
from stitch_common.errors import ErrorKind, StitchError
from stitch_common.testing.clock import NOW
from stitch_common.testing.traffic import Traffic
from stitch_common.testing.waiting import promised, until

QUICK = Patience(tries=3, first_delay=timedelta(milliseconds=20))


class AwayError(StitchError):
    """The mail server does not answer."""

    kind = ErrorKind.UNAVAILABLE
    code = "away"


class RefusedForGoodError(StitchError):
    """This can never be done."""

    kind = ErrorKind.CONFLICT
    code = "refused"


class Witness:
    """A handler that remembers, and fails as often as it is told."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.seen: list[tuple[int, Received]] = []
        self.context: list[tuple[str | None, int]] = []

    async def __call__(self, fact: UserVerified, received: Received) -> None:
        self.seen.append((fact.user_id, received))
        span = trace.get_current_span().get_span_context()
        self.context.append((request_id.get(), span.trace_id))
        if self.errors:
            raise self.errors.pop(0)


def consumer_of(witness: Witness, *, workers: int = 8, patience: Patience = QUICK) -> Consumer:
    consumer = Consumer("auth-test", workers=workers, patience=patience)
    consumer.on(UserVerified)(witness)
    return consumer


async def test_a_fact_comes_with_what_a_handler_needs(traffic: Traffic, verified: Verified) -> None:
    witness = Witness()
    (fact_id,) = await traffic.publish(verified(7, version=3))

    await traffic.handle_all(consumer_of(witness))

    ((user_id, received),) = witness.seen
    state = (await traffic.bus.js.stream_info(STREAM)).state
    assert user_id == 7
    assert received == Received(
        fact_id=fact_id,
        consumer="auth-test",
        subject=UserVerified.subject,
        sequence=3,
        occurred_at=NOW,
        delivered=1,
        request_id=None,
        stream_sequence=state.last_seq,
    )


async def test_a_handler_works_in_the_request_that_caused_the_fact(
    traffic: Traffic, verified: Verified
) -> None:
    witness = Witness()
    token = request_id.set("req-7")
    envelope = Envelope.seal(verified(1))
    request_id.reset(token)
    envelope.headers["traceparent"] = f"00-{1:032x}-{2:016x}-01"
    await publish(traffic.bus, [envelope])

    await traffic.handle_all(consumer_of(witness))

    assert witness.context == [("req-7", 1)]


async def test_a_repeated_fact_changes_nothing(
    traffic: Traffic, verified: Verified, database: Database
) -> None:
    consumer = Consumer("auth-test")

    @consumer.on(UserVerified)
    async def count(fact: UserVerified, received: Received) -> None:
        async with database.transaction() as session:
            if await Inbox(session).admit(received):
                await session.execute(text("insert into auth.effect values (1, 1)"))

    (fact_id,) = await traffic.publish(verified(1))
    await traffic.handle_all(consumer)
    await traffic.bus.js.delete_consumer(STREAM, consumer.name)  # it will read all again
    await traffic.handle_all(consumer)

    async with database.connection() as connection:
        assert await connection.fetchval("select count(*) from auth.effect") == 1
        assert await connection.fetchval("select fact_id from auth.inbox") == fact_id


@pytest.mark.parametrize("error", [AwayError(), LookupError("a bug that passes")])
async def test_what_fails_for_a_while_is_tried_again_after_a_delay(
    traffic: Traffic, verified: Verified, error: Exception
) -> None:
    witness = Witness(error)
    await traffic.publish(verified(1))

    begun = time.monotonic()
    await traffic.handle_all(consumer_of(witness))

    assert [received.delivered for _, received in witness.seen] == [1, 2]
    assert time.monotonic() - begun > 0.015
    assert await traffic.parked() == []


async def test_each_try_waits_longer_than_the_one_before(
    traffic: Traffic, verified: Verified
) -> None:
    """A NAK without a delay is a hot loop, and none looks at the consumer's `backoff`."""
    moments: list[float] = []
    patience = Patience(tries=9, first_delay=timedelta(milliseconds=100))
    consumer = Consumer("auth-test", patience=patience)

    @consumer.on(UserVerified)
    async def handle(fact: UserVerified, received: Received) -> None:
        moments.append(time.monotonic())
        if received.delivered < 4:
            raise AwayError

    await traffic.publish(verified(1))
    await traffic.handle_all(consumer)

    pauses = [later - sooner for sooner, later in pairwise(moments)]
    assert all(p > shortest for p, shortest in zip(pauses, (0.08, 0.16, 0.32), strict=True))


async def test_facts_that_wait_for_their_next_try_do_not_stop_the_others_for_ever(
    traffic: Traffic, verified: Verified
) -> None:
    """Delayed NAKs count against `max_ack_pending`: so many block the consumer till one is due."""
    handled: set[int] = set()
    consumer = Consumer("auth-test", workers=200, patience=QUICK)

    @consumer.on(UserVerified)
    async def handle(fact: UserVerified, received: Received) -> None:
        if fact.user_id < MAX_ACK_PENDING and received.delivered == 1:
            raise AwayError
        handled.add(fact.user_id)

    number = MAX_ACK_PENDING + 20
    await publish(traffic.bus, [Envelope.seal(verified(n)) for n in range(MAX_ACK_PENDING)])
    await publish(traffic.bus, [Envelope.seal(verified(n)) for n in range(MAX_ACK_PENDING, number)])
    await traffic.handle_all(consumer)

    assert handled == set(range(number))
    assert await traffic.parked() == []


async def test_what_is_refused_for_good_is_parked_with_all_a_redrive_needs(
    traffic: Traffic, verified: Verified
) -> None:
    witness = Witness(RefusedForGoodError())
    (fact_id,) = await traffic.publish(verified(1))

    await traffic.handle_all(consumer_of(witness))

    (parked,) = await traffic.parked()
    assert len(witness.seen) == 1
    assert parked["ce-id"] == str(fact_id)
    assert parked["stitch-consumer"] == "auth-test"
    assert parked["stitch-subject"] == UserVerified.subject
    assert parked["stitch-delivered"] == "1"
    assert parked["stitch-sequence"] == str(witness.seen[0][1].stream_sequence)
    assert parked["stitch-error"] == "RefusedForGoodError: This can never be done."


async def test_any_reason_can_be_read_where_the_fact_is_parked(
    traffic: Traffic, verified: Verified
) -> None:
    await traffic.publish(verified(1))

    await traffic.handle_all(consumer_of(Witness(RefusedForGoodError("Zoë said\nno: never"))))

    (parked,) = await traffic.parked()
    assert parked["stitch-error"] == r"RefusedForGoodError: Zo\xeb said no: never"
    assert parked["ce-type"] == UserVerified.subject


async def test_what_never_succeeds_is_parked_in_the_end(
    traffic: Traffic, verified: Verified
) -> None:
    witness = Witness(*(AwayError() for _ in range(9)))
    await traffic.publish(verified(1))

    await traffic.handle_all(consumer_of(witness))

    assert len(witness.seen) == QUICK.tries
    assert len(await traffic.parked()) == 1


@pytest.mark.parametrize("payload", [b"{", b"[]", b'{"user_id": "x"}'])
async def test_a_malformed_fact_is_parked_and_never_reaches_the_handler(
    traffic: Traffic, verified: Verified, payload: bytes
) -> None:
    witness = Witness()
    envelope = Envelope.seal(verified(1))
    await traffic.bus.js.publish(envelope.subject, payload, headers=envelope.headers)
    await traffic.bus.js.publish(envelope.subject, envelope.payload)  # no envelope at all
    await traffic.publish(verified(2))

    await traffic.handle_all(consumer_of(witness))

    assert [user_id for user_id, _ in witness.seen] == [2]
    assert [p["stitch-error"].split(":")[0] for p in await traffic.parked()] == [
        "MalformedFactError"
    ] * 2


async def test_an_outage_uses_up_no_tries_and_is_no_busy_loop(
    traffic: Traffic, verified: Verified
) -> None:
    witness = Witness(*(ConnectionRefusedError() for _ in range(6)))
    await traffic.publish(verified(1))

    begun = time.process_time()
    await traffic.handle_all(consumer_of(witness))

    assert len(witness.seen) == 7
    assert await traffic.parked() == []
    assert time.process_time() - begun < 0.5


async def test_an_outage_lets_what_waits_wait(traffic: Traffic, verified: Verified) -> None:
    witness = Witness(*(ConnectionRefusedError() for _ in range(100)))
    await traffic.publish(*(verified(user_id) for user_id in range(50)))

    patience = Patience(first_delay=timedelta(seconds=5))
    async with traffic.consuming(consumer_of(witness, workers=4, patience=patience)):
        await until(lambda: len(witness.seen) >= 4)
        await asyncio.sleep(0.5)

    assert len(witness.seen) == 4


async def test_a_redriven_fact_comes_to_its_consumer_as_before(
    traffic: Traffic, verified: Verified
) -> None:
    witness = Witness()
    consumer = consumer_of(witness)
    await apply(traffic.bus, [consumer])
    envelope = Envelope.seal(verified(1))
    subject = f"stitch._redrive.{consumer.name}.{envelope.subject}"
    await traffic.bus.js.publish(subject, envelope.payload, headers=envelope.headers)

    await traffic.handle_all(consumer)

    ((_, received),) = witness.seen
    assert received.subject == UserVerified.subject


async def test_never_more_facts_are_in_hand_than_there_are_workers(
    traffic: Traffic, verified: Verified, bus: Bus
) -> None:
    running = most = pending = 0
    consumer = Consumer("auth-test", workers=3)

    @consumer.on(UserVerified)
    async def handle(fact: UserVerified, received: Received) -> None:
        nonlocal running, most, pending
        running += 1
        most = max(most, running)
        pending = max(
            pending, (await bus.js.consumer_info(STREAM, "auth-test")).num_ack_pending or 0
        )
        await asyncio.sleep(0.01)
        running -= 1

    await traffic.publish(*(verified(user_id) for user_id in range(20)))
    await traffic.handle_all(consumer)

    assert most == 3
    assert pending <= 2 * 3  # the broker counts what it has not yet heard to be done


async def test_facts_about_one_aggregate_keep_their_order(
    traffic: Traffic, verified: Verified
) -> None:
    seen: list[int] = []
    consumer = Consumer("auth-test", workers=8)

    @consumer.on(UserVerified)
    async def handle(fact: UserVerified, received: Received) -> None:
        await asyncio.sleep(0.010 if fact.version % 2 else 0)
        seen.append(fact.version)

    await traffic.publish(*(verified(1, version) for version in range(20)))
    await traffic.handle_all(consumer)

    assert seen == list(range(20))


async def test_a_deleted_consumer_is_made_again(traffic: Traffic, verified: Verified) -> None:
    witness = Witness()
    consumer = consumer_of(witness)
    async with traffic.consuming(consumer):
        await traffic.publish(verified(1))
        await traffic.settled(consumer)
        await traffic.bus.js.delete_consumer(STREAM, consumer.name)
        await traffic.publish(verified(2))
        await until(lambda: {user_id for user_id, _ in witness.seen} == {1, 2})
        await traffic.settled(consumer)


async def test_a_slow_handler_keeps_its_fact(traffic: Traffic, verified: Verified) -> None:
    """The broker gives it to no other process, for it never comes again."""
    witness: list[int] = []
    before = redeliveries()
    patience = Patience(ack_wait=timedelta(seconds=3))
    consumer = Consumer("auth-test", patience=patience)

    @consumer.on(UserVerified)
    async def handle(fact: UserVerified, received: Received) -> None:
        witness.append(received.delivered)
        await asyncio.sleep(4)

    await traffic.publish(verified(1))
    await traffic.handle_all(consumer)

    assert witness == [1]
    assert redeliveries() == before


def redeliveries() -> float:
    name = "stitch_consumer_redeliveries_total"
    return REGISTRY.get_sample_value(name, {"consumer": "auth-test"}) or 0


async def test_a_handler_beyond_its_time_limit_is_tried_again(
    traffic: Traffic, verified: Verified
) -> None:
    deliveries: list[int] = []
    patience = Patience(time_limit=timedelta(milliseconds=50), first_delay=QUICK.first_delay)
    consumer = Consumer("auth-test", patience=patience)

    @consumer.on(UserVerified)
    async def handle(fact: UserVerified, received: Received) -> None:
        deliveries.append(received.delivered)
        if received.delivered == 1:
            await asyncio.Event().wait()

    await traffic.publish(verified(1))
    await traffic.handle_all(consumer)

    assert deliveries == [1, 2]


async def test_a_stopping_consumer_finishes_what_it_has_and_gives_back_the_rest(
    traffic: Traffic, verified: Verified
) -> None:
    finished: list[int] = []
    consumer = Consumer("auth-test", workers=4)

    @consumer.on(UserVerified)
    async def handle(fact: UserVerified, received: Received) -> None:
        await asyncio.sleep(0.05)
        finished.append(received.delivered)

    await traffic.publish(*(verified(user_id) for user_id in range(12)))
    async with traffic.consuming(consumer):
        await until(lambda: finished)
    at_the_stop = len(finished)
    async with promised(5):  # nothing waits for `ack_wait`
        await traffic.handle_all(consumer)

    assert 4 <= at_the_stop < 12
    assert len(finished) == 12


async def test_what_a_stopping_consumer_can_not_finish_is_given_back(
    traffic: Traffic, verified: Verified, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "DRAIN_SECONDS", 0.1)
    stuck, begun, witness = Consumer("auth-test"), asyncio.Event(), Witness()

    @stuck.on(UserVerified)
    async def handle(fact: UserVerified, received: Received) -> None:
        begun.set()
        await asyncio.Event().wait()

    await traffic.publish(verified(1))
    async with traffic.consuming(stuck):
        await begun.wait()
    async with promised(5):  # nothing waits for `ack_wait`
        await traffic.handle_all(consumer_of(witness))

    assert [received.delivered for _, received in witness.seen] == [2]


async def test_a_connection_closed_for_good_ends_the_process(bus: Bus) -> None:
    subscriptions = Subscriptions(bus, [consumer_of(Witness())])
    await apply(bus, [consumer_of(Witness())])
    running = asyncio.create_task(subscriptions.run(asyncio.Event()))
    while await subscriptions.ready():  # noqa: ASYNC110 - it is asked, as by a probe
        await asyncio.sleep(0.005)

    await bus.client.close()

    with pytest.raises(ExceptionGroup) as caught:
        await running
    assert caught.group_contains(BusClosedError)


async def test_a_consumer_is_ready_when_it_reads(bus: Bus) -> None:
    subscriptions = Subscriptions(bus, [consumer_of(Witness())])

    assert await subscriptions.ready() == "not started"


async def test_metrics_tell_what_became_of_facts(traffic: Traffic, verified: Verified) -> None:
    labels = {"consumer": "auth-test", "outcome": "park"}
    before = REGISTRY.get_sample_value("stitch_consumer_handled_total", labels) or 0
    await traffic.publish(verified(1))

    await traffic.handle_all(consumer_of(Witness(RefusedForGoodError())))

    assert REGISTRY.get_sample_value("stitch_consumer_handled_total", labels) == before + 1


@pytest.mark.parametrize("name", ["events", "Events-x", "events-", "events-a b", "events.x"])
def test_a_consumers_name_begins_with_its_service(name: str) -> None:
    with pytest.raises(MisnamedConsumerError):
        Consumer(name)
