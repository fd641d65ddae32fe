"""The outbox: a fact is recorded in the transaction that makes it true, and leaves after it."""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import ARRAY, LargeBinary, Text, bindparam, text
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import TextClause

from stitch_common.bus.envelope import Envelope
from stitch_common.contracts import Fact

MAX_PAYLOAD, MAX_HEADERS = 512 * 1024, 32 * 1024
"""Half of what nats-server takes by default."""

_PENDING = "stitch.outbox"

INSERT = """
insert into {schema}.outbox (fact_id, subject, headers, payload)
select fact_id, subject, headers::jsonb, payload
from unnest(
    cast({ids} as uuid[]), cast({subjects} as text[]),
    cast({headers} as text[]), cast({payloads} as bytea[])
) with ordinality as recorded (fact_id, subject, headers, payload, place)
where {given}
order by place
"""


class Outbox:
    """Collects the facts of one transaction; `Database.transaction()` writes them at its end."""

    def __init__(self, session: AsyncSession) -> None:
        self._pending: list[Fact] = session.info.setdefault(_PENDING, [])

    def add(self, fact: Fact) -> None:
        """Record a fact. The ids in it must exist: flush the session first."""
        self._pending.append(fact)


async def write_pending(session: AsyncSession) -> bool:
    """Write the collected facts in one statement; tells whether there were any."""
    pending: list[Fact] = session.info.pop(_PENDING, [])
    if not pending:
        return False
    producers = {fact.producer() for fact in pending}
    if len(producers) > 1:
        raise ForeignFactError(producers)
    envelopes = [Envelope.seal(fact) for fact in pending]
    await session.execute(_insert(producers.pop()), columns(envelopes))
    return True


def insert_sql(schema: str, *, given: str = "true") -> str:
    """Say the insert for the driver's own connection, with `columns()` in order as $1 to $4.

    It can be a CTE of a hot path's one statement; `given` is the condition for it.
    """
    return INSERT.format(
        schema=schema, ids="$1", subjects="$2", headers="$3", payloads="$4", given=given
    )


def columns(envelopes: Sequence[Envelope]) -> dict[str, list[Any]]:
    """Give what the insert takes; raise FactTooLargeError."""
    headers = [json.dumps(envelope.headers) for envelope in envelopes]
    for envelope, text_of_headers in zip(envelopes, headers, strict=True):
        if len(envelope.payload) > MAX_PAYLOAD or len(text_of_headers) > MAX_HEADERS:
            raise FactTooLargeError(envelope.subject)
    return {
        "ids": [envelope.fact_id for envelope in envelopes],
        "subjects": [envelope.subject for envelope in envelopes],
        "headers": headers,
        "payloads": [envelope.payload for envelope in envelopes],
    }


@cache
def _insert(schema: str) -> TextClause:
    # The schema is a producer's name out of a contract, never anybody's input.
    statement = INSERT.format(
        schema=schema,
        ids=":ids",
        subjects=":subjects",
        headers=":headers",
        payloads=":payloads",
        given="true",
    )
    return text(statement).bindparams(
        bindparam("ids", type_=ARRAY(UUID(as_uuid=True))),
        bindparam("subjects", type_=ARRAY(Text)),
        bindparam("headers", type_=ARRAY(Text)),
        bindparam("payloads", type_=ARRAY(LargeBinary)),
    )


class FactTooLargeError(Exception):
    """No broker would take this fact, and all later ones would wait behind it for ever."""


class ForeignFactError(Exception):
    """A transaction of one service has recorded facts of another."""
