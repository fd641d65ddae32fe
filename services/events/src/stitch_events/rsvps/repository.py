"""Every SQL statement about one guest's answer."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_events.events.models import Event, EventStatus
from stitch_events.events.service import EventNotFoundError
from stitch_events.rsvps.errors import RSVPNotFoundError
from stitch_events.rsvps.models import ON_THE_LIST, RSVP, RSVPStatus

OTHERS_SHOWN = 50


class RSVPRepository:
    """Answers in one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock(self, rsvp_id: int) -> tuple[RSVP, Event]:
        """Get an answer and its event; both stay as they are until the transaction ends.

        The event comes first, as everywhere, so that nobody waits in a circle.
        """
        found = _found(rsvp_id).with_for_update(of=[Event, RSVP], key_share=True)
        return await self._one(found)

    async def get(self, rsvp_id: int) -> tuple[RSVP, Event]:
        return await self._one(_found(rsvp_id))

    async def _one(self, statement: Any) -> tuple[RSVP, Event]:
        row = (await self._session.execute(statement)).one_or_none()
        if row is None:
            raise RSVPNotFoundError
        event, rsvp = row
        return rsvp, event

    async def get_event(self, event: int | str) -> Event:
        """Get an event that takes answers from the public, by id or slug."""
        is_meant = Event.id == event if isinstance(event, int) else Event.slug == event
        found = await self._session.scalar(
            select(Event).where(
                is_meant, Event.deleted_at.is_(None), Event.status != EventStatus.DRAFT
            )
        )
        if found is None:
            raise EventNotFoundError
        return found

    async def register(
        self, event_id: int, values: Mapping[str, Any], *, at: datetime, every: timedelta
    ) -> RSVP | None:
        """Put somebody on the list, or note that a known guest asks for their link.

        What a known guest has said stays as it is: whoever fills in the form need not be that
        person. None if they asked just before.
        """
        fields = {"source": "registration", "link_requested_at": at, **_times(at)}
        statement = insert(RSVP).values(**values, **fields, event_id=event_id)
        bumped = RSVP.version + 1
        written = await self._session.scalars(
            statement.on_conflict_do_update(
                index_elements=[RSVP.event_id, func.lower(literal_column("email"))],
                index_where=ON_THE_LIST,
                set_={
                    "link_requested_at": at,
                    "updated_at": at,
                    "version": bumped,
                    "field_versions": RSVP.field_versions.op("||")(
                        func.jsonb_build_object("link_requested_at", bumped)
                    ),
                },
                where=or_(RSVP.link_requested_at.is_(None), RSVP.link_requested_at <= at - every),
            ).returning(RSVP)
        )
        return written.one_or_none()

    async def names_of_others(self, rsvp: RSVP) -> list[str]:
        """Name some who come, other than this guest."""
        statement = (
            select(RSVP.name)
            .where(
                RSVP.event_id == rsvp.event_id,
                RSVP.deleted_at.is_(None),
                RSVP.status == RSVPStatus.ACCEPTED,
                RSVP.id != rsvp.id,
                RSVP.name != "",
            )
            .order_by(RSVP.id)
            .limit(OTHERS_SHOWN)
        )
        return list(await self._session.scalars(statement))


def _found(rsvp_id: int) -> Any:
    return (
        select(Event, RSVP)
        .join(RSVP, RSVP.event_id == Event.id)
        .where(RSVP.id == rsvp_id, RSVP.deleted_at.is_(None), Event.deleted_at.is_(None))
    )


def _times(at: datetime) -> dict[str, datetime]:
    return {"created_at": at, "updated_at": at}
