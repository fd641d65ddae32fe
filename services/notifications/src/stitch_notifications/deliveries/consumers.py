"""Bus in: facts about events and guests become the picture and the mails.

Invitations have a consumer of their own, so that a hundred thousand of them delay nothing else;
the mails of accounts too. Where two of these meet, versions and the event's lock keep them true.
"""

from stitch_common.bus.consumer import BatchConsumer
from stitch_common.contracts.auth import (
    EmailChanged,
    EmailVerificationRequested,
    PasswordResetRequested,
    RegistrationRepeated,
    SecurityNoticeRequested,
)
from stitch_common.contracts.events import (
    EventCancelled,
    EventCreated,
    EventDeleted,
    EventPublished,
    EventRescheduled,
    EventUpdated,
    GuestInvited,
    RSVPCancelled,
    RSVPCheckedIn,
    RSVPCreated,
    RSVPPromoted,
    RSVPUpdated,
)
from stitch_notifications.deliveries.service import DeliveryService

AUDIENCE = (
    EventCreated,
    EventUpdated,
    EventPublished,
    EventRescheduled,
    EventCancelled,
    EventDeleted,
    RSVPCreated,
    RSVPUpdated,
    RSVPCancelled,
    RSVPPromoted,
    RSVPCheckedIn,
)


def create_consumers(deliveries: DeliveryService) -> list[BatchConsumer]:
    return [
        BatchConsumer("notifications-audience", AUDIENCE, deliveries.take),
        BatchConsumer("notifications-invitations", [GuestInvited], deliveries.take),
        BatchConsumer(
            "notifications-accounts",
            [
                EmailVerificationRequested,
                RegistrationRepeated,
                PasswordResetRequested,
                EmailChanged,
                SecurityNoticeRequested,
            ],
            deliveries.take,
        ),
    ]
