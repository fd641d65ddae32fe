"""Bus in: what events says about people whom it has not invited."""

from stitch_common.bus.consumer import Consumer
from stitch_common.bus.inbox import Received
from stitch_common.contracts.events import InvitationsRefused
from stitch_notifications.invitations.service import BatchService


def batches_consumer(batches: BatchService) -> Consumer:
    consumer = Consumer("notifications-batches")

    @consumer.on(InvitationsRefused)
    async def on_invitations_refused(fact: InvitationsRefused, received: Received) -> None:
        """People were not invited after all."""
        await batches.note_refused(fact, received)

    return consumer
