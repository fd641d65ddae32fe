"""Inviting people: what is asked for here is done by events, guest by guest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from stitch_common.bus.envelope import uuid7
from stitch_common.bus.inbox import Inbox, Received
from stitch_common.bus.outbox import Outbox
from stitch_common.clock import Clock
from stitch_common.contracts.events import InvitationsRefused
from stitch_common.contracts.notifications import InvitationsRequested, Recipient
from stitch_common.database import Database
from stitch_notifications.audience.service import Audience, Introductions
from stitch_notifications.invitations.errors import BatchNotFoundError
from stitch_notifications.invitations.models import Batch
from stitch_notifications.invitations.repository import BatchRepository, Progress
from stitch_notifications.invitations.rules import (
    PART_SIZE,
    Selection,
    without_duplicates,
    without_the_known,
)
from stitch_notifications.templates.models import Kind
from stitch_notifications.templates.service import Shelf
from stitch_notifications.tracking.service import Suppressions


@dataclass(frozen=True, slots=True)
class Invitation:
    """What an editor asks for."""

    event_id: int
    recipients: Sequence[Recipient]
    template_id: int | None
    resend: bool
    requested_by: int


def open_batch(
    session: AsyncSession, kind: Kind, event_id: int, *, requested_by: int, at: datetime
) -> Batch:
    """A new batch in the transaction of a use case, which then says how many it is about."""
    batch = Batch(
        id=uuid7(at),
        event_id=event_id,
        kind=kind,
        requested_by=requested_by,
        queued=0,
        skipped=0,
        refused=0,
        created_at=at,
    )
    BatchRepository(session).add(batch)
    return batch


class BatchService:
    """What becomes of batches."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note_refused(self, fact: InvitationsRefused, received: Received) -> None:
        """Wait no longer for the mails of people whom events has not invited."""
        async with self._database.transaction() as session:
            if await Inbox(session).admit(received):
                await BatchRepository(session).add_refused(UUID(fact.batch_id), fact.refused)

    async def get(self, batch_id: UUID) -> tuple[Batch, Progress]:
        """Raise BatchNotFoundError."""
        async with self._database.transaction() as session:
            repository = BatchRepository(session)
            batch = await repository.find(batch_id)
            if batch is None:
                raise BatchNotFoundError
            return batch, await repository.progress(batch_id)


class InvitationService:
    """Use cases around sending invitations."""

    def __init__(self, database: Database, clock: Clock, introductions: Introductions) -> None:
        self._database = database
        self._clock = clock
        self._introductions = introductions

    async def preview(self, wanted: Invitation) -> Selection:
        """Who would be invited; nothing happens."""
        told = await self._introductions.of(wanted.event_id)
        async with self._database.transaction() as session:
            await Audience(session).meet(wanted.event_id, told)
            return await self._select(session, wanted)

    async def request(self, wanted: Invitation) -> tuple[Batch, Selection]:
        """Have guests made of these people; each of them then gets one mail.

        The cost is a few statements and a fact for 500 people, whatever their number.
        """
        told = await self._introductions.of(wanted.event_id)
        async with self._database.transaction() as session:
            await Audience(session).meet(wanted.event_id, told)
            selection = await self._select(session, wanted)
            batch = open_batch(
                session,
                Kind.INVITATION,
                wanted.event_id,
                requested_by=wanted.requested_by,
                at=self._clock(),
            )
            batch.template_id = wanted.template_id
            batch.queued, batch.skipped = len(selection.invited), len(selection.skipped)
            for fact in self._facts(wanted, batch, selection.invited):
                Outbox(session).add(fact)
        return batch, selection

    async def _select(self, session: AsyncSession, wanted: Invitation) -> Selection:
        audience = Audience(session)
        await audience.get_coming_event(wanted.event_id, self._clock())
        await Shelf(session).expect(wanted.template_id, Kind.INVITATION)
        unique = without_duplicates(wanted.recipients)
        addresses = [recipient.email.lower() for recipient in unique.invited]
        selection = without_the_known(
            unique.invited,
            await audience.answers_by_address(wanted.event_id, addresses),
            suppressed=await Suppressions(session).among(wanted.event_id, addresses),
            resend=wanted.resend,
        )
        return Selection(selection.invited, unique.skipped + selection.skipped)

    def _facts(
        self, wanted: Invitation, batch: Batch, invited: Sequence[Recipient]
    ) -> Iterator[InvitationsRequested]:
        starts = range(0, len(invited), PART_SIZE)
        for part, start in enumerate(starts):
            yield InvitationsRequested(
                batch_id=str(batch.id),
                part=part,
                event_id=wanted.event_id,
                recipients=list(invited[start : start + PART_SIZE]),
                template_id=wanted.template_id,
                resend=wanted.resend,
                requested_by=wanted.requested_by,
                at=batch.created_at,
            )
