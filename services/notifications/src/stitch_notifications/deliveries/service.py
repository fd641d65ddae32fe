"""From facts to due mails: one transaction for the picture, the mails and the inbox."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID

from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_common.bus.inbox import Inbox, Received
from stitch_common.bus.outbox import Outbox
from stitch_common.clock import Clock
from stitch_common.context import request_id
from stitch_common.contracts import Fact
from stitch_common.contracts.notifications import EmailQueued
from stitch_common.database import Database
from stitch_notifications.audience.models import KnownEvent
from stitch_notifications.audience.service import Audience, is_about_event, is_about_guest
from stitch_notifications.deliveries.models import Queued
from stitch_notifications.deliveries.repository import DeliveryRepository, Row
from stitch_notifications.deliveries.rules import (
    ACTIVE_ANSWERS,
    Announcement,
    Draft,
    announcement_for,
    draft_for,
    priority,
)
from stitch_notifications.rendering.service import standard_subject
from stitch_notifications.templates.models import Kind

REMINDED_LATELY = timedelta(hours=1)

Item = tuple[Fact, Received]
_TRACE = TraceContextTextMapPropagator()


class DeliveryService:
    """What facts mean for mails."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        give_up_after: timedelta,
        on_queued: Callable[[], None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._give_up_after = give_up_after
        self._on_queued = on_queued

    async def take(self, facts: Sequence[Item]) -> None:
        """Note what these facts tell and queue the mails that they call for, each once.

        The picture is renewed before the mails, so that those are true of it.
        """
        async with self._database.transaction() as session:
            desk = MailDesk(session, self._clock(), self._give_up_after)
            for about_event, run in groupby(
                await _new(session, facts), key=lambda item: is_about_event(item[0])
            ):
                await (_take_events if about_event else _take_others)(session, desk, list(run))
        self._on_queued()


async def _new(session: AsyncSession, facts: Sequence[Item]) -> list[Item]:
    """Leave out what was handled before, also earlier in the same batch."""
    admitted = await Inbox(session).admit_many([received for _, received in facts])
    once = {received.fact_id: (fact, received) for fact, received in facts}
    return [item for fact_id, item in once.items() if fact_id in admitted]


async def _take_events(session: AsyncSession, desk: "MailDesk", run: Sequence[Item]) -> None:
    await Audience(session).learn_events([fact for fact, _ in run if is_about_event(fact)])
    for fact, received in run:
        if announcement := announcement_for(fact):
            await desk.announce(announcement, _origin(received))


async def _take_others(session: AsyncSession, desk: "MailDesk", run: Sequence[Item]) -> None:
    events: Mapping[int, KnownEvent] = {}
    if about_guests := [fact for fact, _ in run if is_about_guest(fact)]:
        audience = Audience(session)
        events = await audience.hold_events({fact.rsvp.event_id for fact in about_guests})
        await audience.learn_guests(about_guests)
    drafts = [(draft_for(fact), received) for fact, received in run]
    await desk.queue([(draft, received) for draft, received in drafts if draft], events)


def _origin(received: Received) -> Row:
    return {"request_id": received.request_id, "traceparent": received.traceparent}


def _current_origin() -> Row:
    """The trace and the request that are being worked on."""
    carrier: dict[str, str] = {}
    _TRACE.inject(carrier)
    return {"request_id": request_id.get(), "traceparent": carrier.get("traceparent")}


class MailDesk:
    """Makes due mails within the transaction of a use case, and says so on the bus."""

    def __init__(self, session: AsyncSession, now: datetime, give_up_after: timedelta) -> None:
        self._repository = DeliveryRepository(session)
        self._outbox = Outbox(session)
        self._now = now
        self._give_up_at = now + give_up_after

    async def queue(
        self, drafts: Sequence[tuple[Draft, Received]], events: Mapping[int, KnownEvent]
    ) -> None:
        """Queue these mails, but for those whose occasion had one already."""
        rows = [self._row(draft, events) | _origin(received) for draft, received in drafts]
        if rows:
            self.tell(await self._repository.add(rows))

    async def announce(
        self,
        announcement: Announcement,
        origin: Row,
        *,
        answers: Collection[str] = ACTIVE_ANSWERS,
        batch_id: UUID | None = None,
        since: datetime | None = None,
    ) -> int:
        """Queue one mail for each guest with one of these answers; tells how many.

        Who had a mail of this kind `since` gets no other.
        """
        row = {
            "kind": announcement.kind,
            "event_id": announcement.event_id,
            "subject": standard_subject(announcement.kind, title=announcement.title),
            "batch_id": batch_id,
            "details": announcement.details,
            **origin,
            **self._times(announcement.kind, None),
        }
        queued = await self._repository.add_for_guests(
            row, announcement.occasion, answers, since=since
        )
        self.tell(queued)
        return len(queued)

    async def remind(self, event: KnownEvent, answers: Collection[str], *, batch_id: UUID) -> int:
        """Queue a reminder for each guest with one of these answers; tells how many.

        Hold the event first: who presses the button twice, or at the same time as somebody else,
        reminds nobody twice.
        """
        reminder = Announcement(Kind.REMINDER, event.event_id, f"batch:{batch_id}", event.title)
        return await self.announce(
            reminder,
            _current_origin(),
            answers=answers,
            batch_id=batch_id,
            since=self._now - REMINDED_LATELY,
        )

    def _row(self, draft: Draft, events: Mapping[int, KnownEvent]) -> Row:
        title = events[draft.event_id].title if draft.event_id else ""
        row = asdict(draft)
        answer, expires_at = row.pop("answer"), row.pop("expires_at")
        row["subject"] = standard_subject(
            draft.kind,
            title=title,
            answer=answer,
            is_invitation=bool(draft.details.get("is_invitation")),
            about=draft.details.get("about", ""),
        )
        return row | self._times(draft.kind, expires_at)

    def _times(self, kind: Kind, expires_at: datetime | None) -> Row:
        return {
            "priority": priority(kind),
            "next_attempt_at": self._now,
            "give_up_at": min(self._give_up_at, expires_at or self._give_up_at),
            "created_at": self._now,
        }

    def tell(self, queued: Sequence[Queued]) -> None:
        """Say that these wait to be sent."""
        for mail in queued:
            self._outbox.add(
                EmailQueued(
                    delivery_id=mail.id,
                    version=mail.version,
                    kind=mail.kind,
                    event_id=mail.event_id,
                    rsvp_id=mail.rsvp_id,
                    at=self._now,
                )
            )
