"""What editors do with the mails of an event."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from stitch_common.clock import Clock
from stitch_common.database import Database
from stitch_notifications.audience.service import Audience
from stitch_notifications.communications.errors import (
    CommunicationNotFoundError,
    NotCancellableError,
    NotRetryableError,
)
from stitch_notifications.communications.repository import CommunicationRepository, Wanted
from stitch_notifications.communications.rules import Tally
from stitch_notifications.deliveries.models import Delivery, Queued
from stitch_notifications.deliveries.service import MailDesk


class CommunicationService:
    """Use cases around mails that exist."""

    def __init__(self, database: Database, clock: Clock, *, give_up_after: timedelta) -> None:
        self._database = database
        self._clock = clock
        self._give_up_after = give_up_after

    async def page(
        self, wanted: Wanted, *, before: int | None, skip: int, limit: int, count: bool
    ) -> tuple[Sequence[Delivery], int | None]:
        """Raise EventNotFoundError."""
        async with self._database.transaction() as session:
            await Audience(session).expect_known(wanted.event_id)
            repository = CommunicationRepository(session)
            mails = await repository.page(wanted, before=before, skip=skip, limit=limit)
            return mails, await repository.count(wanted) if count else None

    async def tallies(self, event_id: int) -> dict[str, Tally]:
        """Raise EventNotFoundError."""
        async with self._database.transaction() as session:
            await Audience(session).expect_known(event_id)
            return await CommunicationRepository(session).tallies(event_id)

    async def retry(self, delivery_id: int) -> Delivery:
        """Raise CommunicationNotFoundError or NotRetryableError."""
        now = self._clock()
        async with self._database.transaction() as session:
            mail = await _locked(session, delivery_id)
            if not mail.is_retryable:
                raise NotRetryableError
            mail.retry(now, now + self._give_up_after)
            self._desk(session).tell(
                [Queued(mail.id, mail.version, mail.kind, mail.event_id, mail.rsvp_id)]
            )
        return mail

    async def cancel(self, delivery_id: int) -> Delivery:
        """Raise CommunicationNotFoundError or NotCancellableError."""
        async with self._database.transaction() as session:
            mail = await _locked(session, delivery_id)
            if not mail.is_waiting:
                raise NotCancellableError
            mail.cancel("An editor has cancelled it.")
        return mail

    async def retry_failed(self, event_id: int) -> int:
        """Make all failed mails of an event due again; tells how many. EventNotFoundError."""
        now = self._clock()
        async with self._database.transaction() as session:
            await Audience(session).expect_known(event_id)
            queued = await CommunicationRepository(session).retry_failed(
                event_id, now=now, give_up_at=now + self._give_up_after
            )
            self._desk(session).tell(queued)
        return len(queued)

    def _desk(self, session: AsyncSession) -> MailDesk:
        return MailDesk(session, self._clock(), self._give_up_after)


async def _locked(session: AsyncSession, delivery_id: int) -> Delivery:
    mail = await CommunicationRepository(session).lock(delivery_id)
    if mail is None:
        raise CommunicationNotFoundError
    return mail
