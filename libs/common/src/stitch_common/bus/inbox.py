"""The inbox: a consumer's mark on a fact, written with the effect, so that it happens once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession

# The schema comes from a consumer's name in our code, never from anybody's input.
MARK = "insert into {schema}.inbox (consumer, fact_id) select $1, $2{where} on conflict do nothing"

# Sorted, so that two batches that share facts wait for each other in one order only.
MARK_MANY = """
insert into {schema}.inbox (consumer, fact_id)
select $1, fact_id from unnest($2::uuid[]) as marked (fact_id) order by fact_id
on conflict do nothing returning fact_id
"""


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
        """Mark a fact as handled; if it was handled before, answer False: change nothing.

        A second transaction with the same fact waits here until the first has ended.
        """
        marked = await self._execute(MARK, received.consumer, received.fact_id)
        return marked.rowcount == 1

    async def admit_many(self, batch: Sequence[Received]) -> set[UUID]:
        """Mark a batch as handled; gives the ids of those that were new."""
        if not batch:
            return set()
        ids = [received.fact_id for received in batch]
        return set((await self._execute(MARK_MANY, batch[0].consumer, ids)).scalars())

    async def _execute(self, statement: str, consumer: str, what: object) -> CursorResult[Any]:
        # Past the ORM, which takes longer to read such a statement than PostgreSQL to execute it.
        connection = await self._session.connection()
        sql = statement.format(schema=schema_of(consumer), where="")
        return await connection.exec_driver_sql(sql, (consumer, what))


def admit_sql(consumer: str, where: str = "") -> str:
    """Say the mark as a CTE `admitted`, for an effect of one statement on the driver's connection.

    $1 is the consumer and $2 the fact's id; the effect selects from `admitted`, which is empty
    if the fact was handled before. `where` is a condition: a fact that does not meet it stays
    unmarked, for a transaction that does more.
    """
    mark = MARK.format(schema=schema_of(consumer), where=f" where {where}" if where else "")
    return f"admitted as ({mark} returning fact_id)"


def schema_of(consumer: str) -> str:
    return consumer.partition("-")[0]
