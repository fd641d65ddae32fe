"""Facts on a real broker, for tests of consumers."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any
from uuid import UUID

from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError

from stitch_common.bus.connection import Bus
from stitch_common.bus.consumer import Consumer
from stitch_common.bus.envelope import Envelope
from stitch_common.bus.publishing import publish
from stitch_common.bus.questions import Answer, Responder
from stitch_common.bus.subscriptions import Subscriptions
from stitch_common.bus.topology import DEAD_LETTERS, STREAM, STREAMS, apply
from stitch_common.contracts import Fact, fact_for_subject
from stitch_common.contracts.questions import Question
from stitch_common.testing.components import running
from stitch_common.testing.waiting import until


class StillBusyError(Exception):
    """A consumer has not settled its facts in time."""


class Traffic:
    """What comes to a consumer, and what becomes of it."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus

    async def publish(self, *facts: Fact, fact_id: UUID | None = None) -> list[UUID]:
        """Put facts into the stream as a relay does; a given id repeats an earlier fact."""
        envelopes = [Envelope.seal(fact) for fact in facts]
        for envelope in envelopes:
            envelope.headers["ce-id"] = str(fact_id or envelope.fact_id)
            await publish(self.bus, [envelope])
        return [fact_id or envelope.fact_id for envelope in envelopes]

    @asynccontextmanager
    async def consuming(self, *consumers: Consumer) -> AsyncGenerator[None]:
        """Run these consumers meanwhile, and stop them in order."""
        await apply(self.bus, consumers)
        async with running(Subscriptions(self.bus, consumers)):
            yield

    async def settled(self, consumer: Consumer) -> None:
        """Wait until the consumer has settled all that is in the stream for it."""
        try:
            await until(partial(self._is_at_rest, consumer))
        except TimeoutError:
            raise StillBusyError(consumer.name) from None

    async def handle_all(self, consumer: Consumer) -> None:
        """Run the consumer until it has settled all that is in the stream for it."""
        async with self.consuming(consumer):
            await self.settled(consumer)

    async def facts(self) -> list[Fact]:
        """Give all facts of the stream in its order."""
        return [
            fact_for_subject(message.subject or "").model_validate_json(message.data or b"")
            for message in await self._messages(STREAM)
        ]

    async def parked(self) -> list[dict[str, str]]:
        """Give the headers of all parked messages, among them `stitch-error`."""
        return [message.headers or {} for message in await self._messages(DEAD_LETTERS)]

    async def _messages(self, stream: str) -> list[RawStreamMsg]:
        state = (await self.bus.js.stream_info(stream)).state
        found = []
        for sequence in range(max(state.first_seq, 1), state.last_seq + 1):
            with suppress(NotFoundError):
                found.append(await self.bus.js.get_msg(stream, seq=sequence))
        return found

    async def _is_at_rest(self, consumer: Consumer) -> bool:
        info = await self.bus.js.consumer_info(STREAM, consumer.name)
        return not (info.num_pending or info.num_ack_pending)


async def empty_streams(bus: Bus) -> None:
    """Leave no message and no consumer; a stream deleted and made again at once may be refused."""
    await apply(bus)
    for stream in STREAMS:
        await bus.js.purge_stream(str(stream.name))
    for consumer in await bus.js.consumers_info(STREAM):
        await bus.js.delete_consumer(STREAM, consumer.name)


@asynccontextmanager
async def connected(url: str, service: str = "test") -> AsyncGenerator[Bus]:
    """Give a connection of this service."""
    bus = Bus(url, service)
    try:
        await bus.connect()
        yield bus
    finally:
        await bus.close()


@asynccontextmanager
async def clean_bus(url: str, service: str = "test") -> AsyncGenerator[Bus]:
    """Give a connection to a broker whose streams are empty."""
    async with connected(url, service) as bus:
        await empty_streams(bus)
        yield bus


@asynccontextmanager
async def answering_for(
    url: str, service: str, answers: Mapping[type[Question[Any]], Answer]
) -> AsyncGenerator[None]:
    """Let a service answer questions meanwhile, over a connection of its own."""
    async with connected(url, service) as bus, running(Responder(bus, service, answers)):
        await bus.client.flush()
        yield
