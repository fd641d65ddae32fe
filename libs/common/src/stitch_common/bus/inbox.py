"""The inbox: a consumer's mark on a fact, written with the effect, so that it happens once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from uuid import UUID

from sqlalchemy import ARRAY, bindparam, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import TextClause


@dataclass(frozen=True, slots=True)
class Received:
    """How a fact came: which one, to whom, and how often it was tried."""

    fact_id: UUID
    consumer: str
    subject: str
    sequence: int
    """The aggregate's version; compare it, because facts may come out of order."""
    occurred_at: datetime
    delivered: int
    """1 at the first try."""
    request_id: str | None
    stream_sequence: int
    traceparent: str | None = None
    """W3C: for work that is done later, in a row of its own."""


class Inbox:
    """The facts that a service has handled; its tables lie in the schema of the consumer's name.

    A consumer is called `<service>-<use case>`, and a service's schema is called as the service.
    """

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def admit(self, received: Received) -> bool:
        """Mark a fact as handled; if it was handled before, answer False: change nothing."""
        return received.fact_id in await self.admit_many([received])

    async def admit_many(self, batch: Sequence[Received]) -> set[UUID]:
        """Mark a batch as handled; gives the ids of those that were new.

        A second transaction with the same fact waits here until the first has ended.
        """
        if not batch:
            return set()
        consumer = batch[0].consumer
        admitted = await self._session.execute(
            _admit(schema_of(consumer)),
            {"consumer": consumer, "ids": [received.fact_id for received in batch]},
        )
        return set(admitted.scalars())


def admit_sql(consumer: str) -> str:
    """Say the mark as a CTE `admitted`, for an effect of one statement on the driver's connection.

    $1 is the consumer and $2 the fact's id; the effect selects from `admitted`, which is empty
    if the fact was handled before.
    """
    return (
        f"admitted as (insert into {schema_of(consumer)}.inbox (consumer, fact_id) "  # noqa: S608 - as below
        "values ($1, $2) on conflict do nothing returning fact_id)"
    )


def schema_of(consumer: str) -> str:
    return consumer.partition("-")[0]


@cache
def _admit(schema: str) -> TextClause:
    return text(
        # The schema comes from a consumer's name in our code, never from anybody's input.
        # Sorted, so that two batches that share facts wait for each other in one order only.
        f"""
        insert into {schema}.inbox (consumer, fact_id)
        select :consumer, fact_id from unnest(:ids) as admitted (fact_id) order by fact_id
        on conflict do nothing
        returning fact_id
        """  # noqa: S608 - see above
    ).bindparams(bindparam("ids", type_=ARRAY(postgresql.UUID(as_uuid=True))))
