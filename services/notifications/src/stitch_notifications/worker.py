"""What the service does apart from answering HTTP: it reads facts and sends mails."""

from functools import partial

from stitch_common.process import Worker
from stitch_common.runtime import StoredRuntime
from stitch_common.security.links import LinkSigner
from stitch_notifications.claims.rules import RetryPolicy
from stitch_notifications.claims.service import ClaimService
from stitch_notifications.deliveries.consumers import create_consumers
from stitch_notifications.deliveries.service import DeliveryService
from stitch_notifications.invitations.consumers import batches_consumer
from stitch_notifications.invitations.service import BatchService
from stitch_notifications.letters.service import LetterWriter
from stitch_notifications.sending.adapters import MailServer, SMTPMailer
from stitch_notifications.sending.service import Pace, Sender, Wake
from stitch_notifications.settings import NotificationsSettings


def create_worker(runtime: StoredRuntime[NotificationsSettings]) -> Worker:
    settings, wake = runtime.settings, Wake()
    deliveries = DeliveryService(
        runtime.database, runtime.clock, give_up_after=settings.give_up_after, on_queued=wake
    )
    batches = BatchService(runtime.database)
    return Worker(
        consumers=[*create_consumers(deliveries), batches_consumer(batches)],
        components=[create_sender(runtime, wake)],
    )


def create_sender(runtime: StoredRuntime[NotificationsSettings], wake: Wake) -> Sender:
    settings = runtime.settings
    claims = ClaimService(
        runtime.database,
        runtime.clock,
        retries=RetryPolicy(settings.retry_first, settings.retry_longest),
        lease=settings.sender_lease,
    )
    pace = Pace(
        connections=settings.sender_connections,
        claim_size=settings.sender_claim_size,
        renew_every=settings.sender_lease / 3,
        poll=settings.sender_poll,
    )
    links = LinkSigner(settings.link_keys, runtime.clock)
    return Sender(
        claims,
        LetterWriter(settings, links, runtime.clock),
        runtime.clock,
        connect=partial(SMTPMailer, MailServer.of(settings)),
        pace=pace,
        wake=wake,
    )
