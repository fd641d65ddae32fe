"""The SQL of claims: every statement names the claim, so that nobody records for somebody else."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, bindparam, case, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_notifications.deliveries.models import DUE_STATES, Delivery, Status

# Written into the statement: a parameter could not be matched with the index's own condition.
_DUE_STATES: BindParameter[str] = bindparam(
    "due", sorted(DUE_STATES), expanding=True, literal_execute=True
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a row says after an outcome was recorded."""

    version: int
    attempts: int


class ClaimRepository:
    """Works in the caller's transaction."""

    def __init__(self, session: AsyncSession, claim: UUID) -> None:
        self._session = session
        self._claim = claim

    async def take(self, limit: int, *, now: datetime, until: datetime) -> Sequence[Delivery]:
        """Claim the most urgent due mails, also those of a sender that is gone.

        The CTE keeps the limit: as a subquery the planner may evaluate it more than once.
        """
        due = (
            select(Delivery.id)
            .where(
                Delivery.status.in_(_DUE_STATES),
                Delivery.next_attempt_at <= now,
                # What this sender holds is in its hands, even if it was too busy to renew it.
                Delivery.claim.is_distinct_from(self._claim),
            )
            .order_by(Delivery.priority, Delivery.next_attempt_at, Delivery.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
            .cte("due")
        )
        statement = (
            update(Delivery)
            .where(Delivery.id == due.c.id)
            .values(
                status=Status.SENDING,
                claim=self._claim,
                attempts=Delivery.attempts + 1,
                next_attempt_at=until,
            )
            .returning(Delivery)
            .execution_options(synchronize_session=False)
        )
        taken = (await self._session.scalars(statement)).all()
        return sorted(taken, key=lambda mail: (mail.priority, mail.id))

    async def renew(self, until: datetime) -> None:
        await self._update(next_attempt_at=until)

    async def give_back(self, delivery_ids: Collection[int], now: datetime) -> None:
        """These were not tried after all."""
        await self._update(
            Delivery.id.in_(delivery_ids),
            status=case((Delivery.attempts > 1, Status.DEFERRED), else_=Status.PENDING),
            attempts=Delivery.attempts - 1,
            claim=None,
            next_attempt_at=now,
        )

    async def record(self, delivery_id: int, **outcome: Any) -> Recorded | None:
        """None if the claim was lost: somebody else deals with this mail now."""
        return await self._record(
            Delivery.id == delivery_id,
            Delivery.claim == self._claim,
            Delivery.status == Status.SENDING,
            **outcome,
        )

    async def record_sent(self, delivery_id: int, **outcome: Any) -> Recorded | None:
        """An accepted mail is accepted, whoever holds the claim by now."""
        return await self._record(
            Delivery.id == delivery_id, Delivery.status.in_(DUE_STATES), **outcome
        )

    async def _record(self, *which: Any, **outcome: Any) -> Recorded | None:
        statement = (
            update(Delivery)
            .where(*which)
            .values(version=Delivery.version + 1, claim=None, **outcome)
            .returning(Delivery.version, Delivery.attempts)
            .execution_options(synchronize_session=False)
        )
        row = (await self._session.execute(statement)).one_or_none()
        return Recorded(row.version, row.attempts) if row else None

    async def _update(self, *which: Any, **values: Any) -> None:
        mine = (Delivery.claim == self._claim, Delivery.status == Status.SENDING)
        statement = update(Delivery).where(*mine, *which).values(**values)
        await self._session.execute(statement.execution_options(synchronize_session=False))
