"""What the guest list learns from the bus."""

from stitch_common.bus.consumer import Consumer
from stitch_common.bus.inbox import Received
from stitch_common.contracts.notifications import InvitationsRequested
from stitch_events.guests.service import GuestService


def invitations_consumer(guests: GuestService) -> Consumer:
    """People whom an editor wants invited become guests."""
    consumer = Consumer("events-invitations")

    @consumer.on(InvitationsRequested)
    async def on_invitations_requested(fact: InvitationsRequested, received: Received) -> None:
        await guests.invite(fact, received)

    return consumer
