"""A sender's hold on due mails, and what has become of them.

No transaction stays open while a mail is sent: a claim is a lease in the row, renewed while its
sender lives. What a killed sender held falls due again when the lease ends.
"""

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import uuid4

from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_common.bus.outbox import Outbox
from stitch_common.clock import Clock
from stitch_common.contracts.notifications import EmailDeferred, EmailFailed, EmailSent
from stitch_common.database import Database
from stitch_notifications.audience.models import KnownEvent, KnownGuest
from stitch_notifications.audience.service import Audience
from stitch_notifications.claims.repository import ClaimRepository, Recorded
from stitch_notifications.claims.rules import RetryPolicy, comes_too_late, reason_to_drop
from stitch_notifications.deliveries.models import BULK, Delivery, Status
from stitch_notifications.letters.service import Letter
from stitch_notifications.templates.models import Kind
from stitch_notifications.templates.service import Shelf, Wordings
from stitch_notifications.tracking.service import Suppressions

EMAILS = Counter("stitch_emails", "Mails by what has become of them", ["outcome"])


@dataclass(frozen=True, slots=True)
class Claimed:
    """A due mail in a sender's hands."""

    delivery: Delivery
    letter: Letter
    held_until: datetime
    drop: tuple[Status, str] | None
    """Why it must not be sent, if so."""


class ClaimService:
    """The claims of one sender."""

    def __init__(
        self, database: Database, clock: Clock, *, retries: RetryPolicy, lease: timedelta
    ) -> None:
        self._database = database
        self._clock = clock
        self._retries = retries
        self._lease = lease
        self._claim = uuid4()

    async def claim(self, limit: int) -> list[Claimed]:
        """Take the most urgent due mails, with all that is needed to write them."""
        now = self._clock()
        until = now + self._lease
        async with self._database.transaction() as session:
            repository = ClaimRepository(session, self._claim)
            taken = await repository.take(limit, now=now, until=until)
            if not taken:
                return []
            surroundings = await Surroundings.read(session, taken)
            return [surroundings.of(mail, now=now, until=until) for mail in taken]

    async def renew(self) -> datetime:
        """Keep what is claimed; tells until when."""
        until = self._clock() + self._lease
        async with self._database.transaction() as session:
            await ClaimRepository(session, self._claim).renew(until)
        return until

    async def give_back(self, mails: Collection[Claimed]) -> None:
        """Let others have these at once; they were not tried."""
        ids = [mail.delivery.id for mail in mails]
        async with self._database.transaction() as session:
            await ClaimRepository(session, self._claim).give_back(ids, self._clock())

    async def record_sent(self, mail: Claimed, subject: str, reply: str) -> None:
        """The mail server has accepted it."""
        now = self._clock()
        outcome = {"status": Status.SENT, "subject": subject, "last_smtp_reply": reply}
        async with self._database.transaction() as session:
            repository = ClaimRepository(session, self._claim)
            recorded = await repository.record_sent(
                mail.delivery.id, **outcome, sent_at=now, note=None
            )
            if recorded:
                fact = EmailSent(**_about(mail, recorded, now), attempts=recorded.attempts)
                Outbox(session).add(fact)
        EMAILS.labels(Status.SENT).inc()

    async def record_deferred(self, mail: Claimed, reply: str) -> None:
        """Try again later, or give up when that has been tried for too long."""
        now = self._clock()
        if now >= mail.delivery.give_up_at:
            await self.record_failed(mail, reply, note="It could not be sent for too long.")
            return
        spread = random.uniform(0.8, 1.2)  # noqa: S311 - nobody gains by guessing it
        delay = self._retries.delay(mail.delivery.attempts, spread)
        again = min(now + delay, mail.delivery.give_up_at)
        outcome = {"status": Status.DEFERRED, "last_smtp_reply": reply, "next_attempt_at": again}
        async with self._database.transaction() as session:
            recorded = await ClaimRepository(session, self._claim).record(
                mail.delivery.id, **outcome
            )
            if recorded:
                fact = EmailDeferred(
                    **_about(mail, recorded, now),
                    attempts=recorded.attempts,
                    next_attempt_at=again,
                    smtp_reply=reply,
                )
                Outbox(session).add(fact)
        EMAILS.labels(Status.DEFERRED).inc()

    async def record_failed(
        self, mail: Claimed, reply: str | None, *, note: str | None = None
    ) -> None:
        """It will not be sent, unless somebody asks for it."""
        now = self._clock()
        outcome = {"status": Status.FAILED, "last_smtp_reply": reply, "note": note}
        async with self._database.transaction() as session:
            recorded = await ClaimRepository(session, self._claim).record(
                mail.delivery.id, **outcome
            )
            if recorded:
                Outbox(session).add(_failure(mail, recorded, now, reason=reply or note or ""))
        EMAILS.labels(Status.FAILED).inc()

    async def record_dropped(self, mail: Claimed, status: Status, note: str) -> None:
        """It would be wrong to send it by now, or of no use: then it has failed."""
        now = self._clock()
        async with self._database.transaction() as session:
            recorded = await ClaimRepository(session, self._claim).record(
                mail.delivery.id, status=status, note=note, attempts=mail.delivery.attempts - 1
            )
            if recorded and status is Status.FAILED:
                reason = mail.delivery.last_smtp_reply or note
                Outbox(session).add(_failure(mail, recorded, now, reason=reason))
        EMAILS.labels(status).inc()


def _failure(mail: Claimed, recorded: Recorded, now: datetime, *, reason: str) -> EmailFailed:
    about = _about(mail, recorded, now)
    return EmailFailed(**about, attempts=recorded.attempts, smtp_reply=reason)


def _about(mail: Claimed, recorded: Recorded, now: datetime) -> dict[str, Any]:
    return {
        "delivery_id": mail.delivery.id,
        "version": recorded.version,
        "kind": mail.delivery.kind,
        "event_id": mail.delivery.event_id,
        "rsvp_id": mail.delivery.rsvp_id,
        "at": now,
    }


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What mails are about as it is now: what was queued may have changed since."""

    events: Mapping[int, KnownEvent]
    guests: Mapping[int, KnownGuest]
    wordings: Wordings
    unwanted: Collection[int]

    @classmethod
    async def read(cls, session: AsyncSession, taken: Sequence[Delivery]) -> Self:
        audience = Audience(session)
        return cls(
            events=await audience.find_events({mail.event_id for mail in taken if mail.event_id}),
            guests=await audience.find_guests({mail.rsvp_id for mail in taken if mail.rsvp_id}),
            wordings=await Shelf(session).wordings({mail.template_id for mail in taken}),
            unwanted=await _unwanted(session, taken),
        )

    def of(self, mail: Delivery, *, now: datetime, until: datetime) -> Claimed:
        kind = Kind(mail.kind)
        event, guest = self.events.get(mail.event_id or 0), self.guests.get(mail.rsvp_id or 0)
        letter = Letter(
            kind=kind,
            delivery_id=mail.id,
            message_id=mail.message_id,
            recipient_email=mail.recipient_email,
            recipient_name=mail.recipient_name,
            rsvp_id=mail.rsvp_id,
            details=mail.details,
            event=event.read() if event and event.state else None,
            guest=guest.read() if guest else None,
            wording=self.wordings.find(kind, mail.template_id),
        )
        reason = reason_to_drop(kind, event, guest, now)
        drop = (Status.CANCELLED, reason) if reason else None
        if mail.id in self.unwanted:
            drop = (Status.SUPPRESSED, "The recipient has unsubscribed.")
        elif comes_too_late(kind, mail.details, now):
            drop = (Status.FAILED, "Its link had expired before it could be sent.")
        return Claimed(mail, letter, until, drop)


async def _unwanted(session: AsyncSession, taken: Sequence[Delivery]) -> set[int]:
    """Which of these are bulk mails to people who want none."""
    bulk = [mail for mail in taken if mail.kind in BULK]
    suppressions, found = Suppressions(session), set[int]()
    for event_id in {mail.event_id for mail in bulk if mail.event_id}:
        mails = {m.id: m.recipient_email.lower() for m in bulk if m.event_id == event_id}
        suppressed = await suppressions.among(event_id, set(mails.values()))
        found |= {mail_id for mail_id, address in mails.items() if address in suppressed}
    return found
