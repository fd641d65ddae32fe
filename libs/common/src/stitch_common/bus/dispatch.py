"""FastStream without its connection: it calls handlers, injects and documents.

Its own pull subscriber loses, doubles or delays facts in ways that ADR 2 lists, so messages come
from ours; what is left of FastStream's is `process_message`.
"""

from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any

from faststream.middlewares import AckPolicy
from faststream.nats import JStream, NatsBroker, PullSub
from faststream.nats.message import NatsMessage
from faststream.nats.subscriber.usecases import LogicSubscriber
from opentelemetry import trace

from stitch_common.bus.consumer import Consumer, Handler
from stitch_common.bus.delivery import Delivery
from stitch_common.bus.topology import STREAM
from stitch_common.contracts import Fact

_delivery: ContextVar[Delivery] = ContextVar("delivery")
_tracer = trace.get_tracer("stitch.bus")


class Dispatcher:
    """Calls the handler of a fact."""

    def __init__(self, consumers: Sequence[Consumer]) -> None:
        self.broker = NatsBroker(logger=None)
        self._subscribers = {
            (consumer.name, fact): self._subscriber(consumer, fact, handler)
            for consumer in consumers
            for fact, handler in consumer.handlers.items()
        }
        # What `broker.start()` would do, less connecting and subscribing.
        self.broker._setup_logger()  # noqa: SLF001 - there is no public way
        for subscriber in self._subscribers.values():
            subscriber._build_fastdepends_model()  # noqa: SLF001 - there is no public way

    async def call(self, delivery: Delivery) -> None:
        """Raise what the handler raises."""
        consumer, subject = delivery.received.consumer, delivery.received.subject
        token = _delivery.set(delivery)
        try:
            with _tracer.start_as_current_span(
                f"{consumer} process",
                context=delivery.context(),
                kind=trace.SpanKind.CONSUMER,
                attributes={"messaging.system": "nats", "messaging.destination.name": subject},
            ):
                subscriber = self._subscribers[consumer, type(delivery.fact)]
                await subscriber.process_message(delivery.message)
        finally:
            _delivery.reset(token)

    def _subscriber(
        self, consumer: Consumer, fact: type[Fact], handler: Handler[Any]
    ) -> LogicSubscriber[Any]:
        subscriber = self.broker.subscriber(
            fact.subject,
            stream=JStream(STREAM, declare=False),
            durable=consumer.name,
            pull_sub=PullSub(),
            ack_policy=AckPolicy.MANUAL,  # settlement decides; the default would drop the fact
            no_reply=True,
            title=f"{consumer.name}:{fact.__name__}",
            description=handler.__doc__,
        )
        subscriber(_with_one_parameter(fact, handler), decoder=_decode)
        return subscriber


async def _decode(_message: NatsMessage) -> Fact:
    return _delivery.get().fact


def _with_one_parameter(fact_type: type[Fact], handler: Handler[Any]) -> Any:
    """Let FastStream see only the body: two plain parameters would mean a body of two fields."""

    async def call(fact: Fact) -> None:
        await handler(fact, _delivery.get().received)

    call.__annotations__["fact"] = fact_type
    call.__name__ = getattr(handler, "__name__", "handler")
    return call
