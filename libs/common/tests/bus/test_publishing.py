"""What the stream does not take is an error at once, and what it has taken is taken once."""

from collections.abc import AsyncGenerator

import pytest
from libs.common.tests.bus.kit import Verified
from nats.js.api import DiscardPolicy

from stitch_common.bus.connection import Bus
from stitch_common.bus.envelope import Envelope
from stitch_common.bus.publishing import FEW, RefusedError, publish
from stitch_common.bus.topology import STREAM
from stitch_common.contracts import Fact
from stitch_common.testing.traffic import Traffic


@pytest.fixture
async def full(bus: Bus) -> AsyncGenerator[Bus]:
    """A stream that takes nothing more."""
    config = (await bus.js.stream_info(STREAM)).config
    await bus.js.update_stream(config.evolve(max_msgs=1, discard=DiscardPolicy.NEW))
    yield bus
    await bus.js.update_stream(config)


def sealed(*facts: Fact) -> list[Envelope]:
    return [Envelope.seal(fact) for fact in facts]


@pytest.mark.parametrize("number", [1, FEW, 50])
async def test_a_refusal_is_an_error_and_never_a_wait(
    full: Bus, verified: Verified, number: int
) -> None:
    """The futures of nats-py's `publish_async` never resolve on an error of the server."""
    await publish(full, sealed(verified(0)))

    with pytest.raises(RefusedError, match="maximum messages"):
        await publish(full, sealed(*(verified(n) for n in range(1, number + 1))))


async def test_a_batch_with_one_repeated_fact_leaves_out_only_that_one(
    traffic: Traffic, verified: Verified
) -> None:
    """A duplicate id refuses the whole atomic batch."""
    facts = sealed(*(verified(n) for n in range(20)))
    await publish(traffic.bus, [facts[7]])

    last = await publish(traffic.bus, facts)

    found = [int(fact.aggregate_id) for fact in await traffic.facts()]
    assert found == [7, *(n for n in range(20) if n != 7)]
    assert last == (await traffic.bus.js.stream_info(STREAM)).state.last_seq


async def test_a_batch_that_was_stored_but_not_heard_of_is_not_stored_again(
    traffic: Traffic, verified: Verified
) -> None:
    facts = sealed(*(verified(n) for n in range(20)))
    first = await publish(traffic.bus, facts)

    again = await publish(traffic.bus, facts)

    assert again == first
    assert len(await traffic.facts()) == 20
