"""The SQL of the picture: every write loses against a higher version."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import ARRAY, Text, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_notifications.audience.models import (
    KnownAnswer,
    KnownEvent,
    KnownGuest,
    awaits_approval,
)
from stitch_notifications.audience.rules import OFF_THE_LIST, Row


class AudienceRepository:
    """Works in the caller's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def upsert_events(self, rows: Sequence[Row]) -> None:
        statement = insert(KnownEvent)
        new = statement.excluded
        newer = statement.on_conflict_do_update(
            index_elements=[KnownEvent.event_id],
            set_={
                "version": new.version,
                "status": new.status,
                "state": func.coalesce(new.state, KnownEvent.state),
            },
            where=new.version > KnownEvent.version,
        )
        await self._session.execute(newer, rows)

    async def upsert_guests(self, rows: Sequence[Row]) -> None:
        statement = insert(KnownGuest)
        new = statement.excluded
        learnt = ("event_id", "version", "email", "name", "status", "awaits_confirmation", "state")
        newer = statement.on_conflict_do_update(
            index_elements=[KnownGuest.rsvp_id],
            set_={name: new[name] for name in learnt},
            where=new.version > KnownGuest.version,
        )
        await self._session.execute(newer, rows)

    async def find_events(
        self, event_ids: Collection[int], *, hold: bool = False
    ) -> Mapping[int, KnownEvent]:
        """`hold` lets nobody change them before this transaction ends."""
        query = select(KnownEvent).where(KnownEvent.event_id.in_(event_ids))
        if hold:
            # In one order, so that two transactions with several events can't block each other.
            query = query.order_by(KnownEvent.event_id).with_for_update(read=True)
        found = await self._session.scalars(query.execution_options(populate_existing=True))
        return {event.event_id: event for event in found}

    async def lock_event(self, event_id: int) -> None:
        """Whoever locks it too, or learns about its guests, waits until this transaction ends."""
        query = select(KnownEvent.event_id).where(KnownEvent.event_id == event_id)
        await self._session.execute(query.with_for_update(key_share=True))

    async def find_guests(self, rsvp_ids: Collection[int]) -> Mapping[int, KnownGuest]:
        query = select(KnownGuest).where(KnownGuest.rsvp_id.in_(rsvp_ids))
        found = await self._session.scalars(query.execution_options(populate_existing=True))
        return {guest.rsvp_id: guest for guest in found}

    async def answers_by_address(
        self, event_id: int, addresses: Collection[str]
    ) -> Mapping[str, KnownAnswer]:
        """What the guests among these lower-case addresses have answered."""
        address = func.lower(KnownGuest.email)
        # Older facts do not say it, and most guests were invited.
        was_invited = func.coalesce(KnownGuest.state["invitation"].as_integer(), 1) > 0
        query = select(address, KnownGuest.status, was_invited, awaits_approval()).where(
            KnownGuest.event_id == event_id,
            KnownGuest.status != OFF_THE_LIST,
            address == any_(bindparam("addresses", list(addresses), ARRAY(Text))),
        )
        found = await self._session.execute(query)
        return {address: KnownAnswer(*answer) for address, *answer in found}
