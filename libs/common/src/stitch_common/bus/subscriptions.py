"""The component that runs all consumers of a process."""

import asyncio
from collections.abc import Sequence
from functools import partial

from stitch_common.bus.connection import Bus
from stitch_common.bus.consumer import BatchConsumer, Consumer
from stitch_common.bus.dispatch import Dispatcher
from stitch_common.bus.flow import BatchFlow, Flow, SingleFlow
from stitch_common.bus.rescue import keep_rescuing


class Subscriptions:
    """Reads what the consumers want, until told to stop; then finishes what has begun."""

    name = "consumers"

    def __init__(self, bus: Bus, consumers: Sequence[Consumer]) -> None:
        dispatcher = Dispatcher(consumers)
        self._flows = [_flow(bus, consumer, dispatcher) for consumer in consumers]
        self._keep_rescuing = partial(keep_rescuing, bus, [c.name for c in consumers])

    async def ready(self) -> str | None:
        """None when all consumers are there and read."""
        return next((flow.why_not for flow in self._flows if flow.why_not), None)

    async def run(self, stop: asyncio.Event) -> None:
        """Raise when the connection to NATS is closed for good, which ends the process."""
        async with asyncio.TaskGroup() as parts:
            for flow in self._flows:
                parts.create_task(flow.run())
            parts.create_task(self._keep_rescuing(stop))
            parts.create_task(self._stop_with(stop))

    async def _stop_with(self, stop: asyncio.Event) -> None:
        await stop.wait()
        for flow in self._flows:
            flow.stop()


def _flow(bus: Bus, consumer: Consumer, dispatcher: Dispatcher) -> Flow:
    kind = BatchFlow if isinstance(consumer, BatchConsumer) else SingleFlow
    return kind(bus, consumer, dispatcher)  # type: ignore[arg-type]
