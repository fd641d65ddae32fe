"""Reminding the guests of an event because an editor wants it."""

from collections.abc import Collection
from datetime import timedelta

from stitch_common.clock import Clock
from stitch_common.database import Database
from stitch_notifications.audience.service import Audience, Introductions
from stitch_notifications.deliveries.service import MailDesk
from stitch_notifications.invitations.models import Batch
from stitch_notifications.invitations.service import open_batch
from stitch_notifications.templates.models import Kind


class ReminderService:
    """Use cases around reminders."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        introductions: Introductions,
        *,
        give_up_after: timedelta,
    ) -> None:
        self._database = database
        self._clock = clock
        self._introductions = introductions
        self._give_up_after = give_up_after

    async def remind(self, event_id: int, answers: Collection[str], *, requested_by: int) -> Batch:
        """One mail to each guest with one of these answers who was not reminded lately.

        EventNotFoundError, EventNotPublishedError or EventOverError.
        """
        now = self._clock()
        told = await self._introductions.of(event_id)
        async with self._database.transaction() as session:
            audience = Audience(session)
            await audience.meet(event_id, told)
            event = await audience.get_coming_event(event_id, now, alone=True)
            batch = open_batch(session, Kind.REMINDER, event_id, requested_by=requested_by, at=now)
            desk = MailDesk(session, now, self._give_up_after)
            batch.queued = await desk.remind(event, answers, batch_id=batch.id)
        return batch
