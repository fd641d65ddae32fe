"""The SQL that makes deliveries; a second mail for the same occasion is not made."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_notifications.audience.models import KnownGuest, awaits_approval
from stitch_notifications.deliveries.models import UNDONE, WAITING, Delivery, Queued
from stitch_notifications.templates.models import Kind

Row = dict[str, Any]
"""A new delivery by column; the database gives it its id and its Message-ID."""


_MADE = (Delivery.id, Delivery.version, Delivery.kind, Delivery.event_id, Delivery.rsvp_id)
_OCCASION = [Delivery.kind, Delivery.occasion]


class DeliveryRepository:
    """Works in the caller's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, rows: Sequence[Row]) -> list[Queued]:
        """Give the rows that were made; occasions that had a mail already are left out."""
        statement = insert(Delivery).on_conflict_do_nothing(index_elements=_OCCASION)
        found = await self._session.execute(statement.returning(*_MADE), rows)
        return [Queued(*row) for row in found]

    async def add_for_guests(
        self, row: Row, occasion: str, answers: Collection[str], *, since: datetime | None = None
    ) -> list[Queued]:
        """One mail like this for each guest of the event with one of these answers.

        A guest whose invitation has not left yet needs no other mail: the invitation will be
        written from what is true when it leaves. Nor does one who had a mail of this kind `since`;
        and nobody is reminded of an answer that is with the host.
        """
        columns = {name: _literal(name, value) for name, value in row.items()} | {
            "occasion": func.concat("rsvp:", KnownGuest.rsvp_id, ":", occasion),
            "rsvp_id": KnownGuest.rsvp_id,
            "recipient_email": KnownGuest.email,
            "recipient_name": KnownGuest.name,
        }
        # NOT IN, because it is evaluated once: NOT EXISTS becomes a join, and before statistics
        # are gathered, one that looks at every delivery for every guest.
        still_invited = select(Delivery.rsvp_id).where(
            Delivery.event_id == row["event_id"],
            Delivery.rsvp_id.is_not(None),
            Delivery.kind == Kind.INVITATION,
            Delivery.status.in_(WAITING),
        )
        guests = select(*columns.values()).where(
            KnownGuest.event_id == row["event_id"],
            KnownGuest.status.in_(answers),
            ~KnownGuest.awaits_confirmation,
            KnownGuest.rsvp_id.not_in(still_invited),
        )
        if row["kind"] == Kind.REMINDER:
            guests = guests.where(~awaits_approval())
        if since is not None:
            guests = guests.where(KnownGuest.rsvp_id.not_in(_had_one(row, since)))
        statement = insert(Delivery).from_select(list(columns), guests)
        statement = statement.on_conflict_do_nothing(index_elements=_OCCASION)
        found = await self._session.execute(statement.returning(*_MADE))
        return [Queued(*row) for row in found]


def _had_one(row: Row, since: datetime) -> Select[int | None]:
    return select(Delivery.rsvp_id).where(
        Delivery.event_id == row["event_id"],
        Delivery.rsvp_id.is_not(None),
        Delivery.kind == row["kind"],
        Delivery.created_at > since,
        Delivery.status.not_in(UNDONE),
    )


def _literal(column: str, value: Any) -> ColumnElement[Any]:
    return literal(value, Delivery.__table__.c[column].type)
