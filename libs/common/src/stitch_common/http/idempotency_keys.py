"""Where claimed Idempotency-Keys are remembered: a table in the service's own schema."""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import Headers
from starlette.types import Message

from stitch_common.database import Database
from stitch_common.errors import ErrorKind, StitchError

KEPT_FOR = timedelta(hours=24)
GIVEN_UP_AFTER = timedelta(seconds=15)
"""Whoever takes over too early does no harm: only one attempt can confirm."""
NOT_KEPT = frozenset({401, 403, 429})
SERVER_ERRORS = 500
REPLAYED_HEADERS = frozenset({"content-type", "location", "etag", "link", "cache-control"})


class KeyReusedError(StitchError):
    """This Idempotency-Key was used for a different request."""

    kind = ErrorKind.INVALID
    code = "idempotency-key-reused"


class KeyInUseError(StitchError):
    """The first request with this Idempotency-Key is still running."""

    kind = ErrorKind.CONFLICT
    code = "idempotency-key-in-use"


class AnswerLostError(StitchError):
    """The first request took effect, but its answer was lost; look at the resource itself."""

    kind = ErrorKind.CONFLICT
    code = "idempotency-answer-lost"


@dataclass(frozen=True, slots=True)
class Call:
    """A request with a key, as its caller means it."""

    caller: str
    key: str
    fingerprint: bytes
    attempt: UUID = field(default_factory=uuid4)


@dataclass(slots=True)
class Answer:
    """What was sent, collected on its way out."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)

    def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            sent = Headers(raw=message["headers"])
            self.headers = {k: v for k, v in sent.items() if k in REPLAYED_HEADERS}
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")

    @property
    def is_kept(self) -> bool:
        return self.status not in NOT_KEPT and 0 < self.status < SERVER_ERRORS


class StoredKeys:
    """Keys in the service's own table, settled by its primary key."""

    def __init__(self, database: Database, schema: str) -> None:
        self._database = database
        self._table = f"{schema}.idempotency_keys"

    async def claim(self, call: Call) -> Answer | None:
        """None: the work is ours. An answer: replay it. Raises if neither is possible now."""
        async with self._database.connection() as connection:
            if await connection.fetchval(
                self._sql(CLAIM), call.caller, call.key, call.fingerprint, call.attempt,
                KEPT_FOR, GIVEN_UP_AFTER,
            ):  # fmt: skip
                return None
            known = await connection.fetchrow(self._sql(FIND), call.caller, call.key)
        if known is None:
            raise KeyInUseError
        return _replay(known, call)

    async def confirm(self, call: Call, session: AsyncSession) -> None:
        """Settle the key with the effect; KeyInUseError if another attempt has taken over."""
        statement = text(self._sql(CONFIRM))
        mine = {"caller": call.caller, "key": call.key, "attempt": call.attempt}
        if not (await session.execute(statement, mine)).first():
            raise KeyInUseError

    async def settle(self, call: Call, answer: Answer) -> None:
        async with self._database.connection() as connection:
            if not answer.is_kept:
                await connection.execute(self._sql(RELEASE), call.caller, call.key, call.attempt)
                return
            await connection.execute(
                self._sql(SETTLE), call.caller, call.key, call.attempt, answer.status,
                json.dumps(answer.headers), bytes(answer.body),
            )  # fmt: skip

    def _sql(self, statement: str) -> str:
        return statement.replace("idempotency_keys", self._table)


CLAIM = """
with swept as (
    delete from idempotency_keys where ctid in (
        select ctid from idempotency_keys
        where created_at < now() - $5::interval and (caller, key) <> ($1, $2) limit 20)
)
insert into idempotency_keys as k (caller, key, fingerprint, attempt, state)
values ($1, $2, $3, $4, 'running')
on conflict (caller, key) do update
set fingerprint = $3, attempt = $4, state = 'running', status = null, body = null,
    headers = null, created_at = now()
where k.created_at < now() - $5::interval
   or (k.state = 'running' and k.fingerprint = $3 and k.created_at < now() - $6::interval)
returning true
"""
FIND = """
select fingerprint, state, status, headers::text, body from idempotency_keys
where caller = $1 and key = $2
"""
CONFIRM = """
update idempotency_keys set state = 'confirmed'
where caller = :caller and key = :key and attempt = :attempt returning true
"""
SETTLE = """
update idempotency_keys set state = 'answered', status = $4, headers = $5::jsonb, body = $6
where caller = $1 and key = $2 and attempt = $3
"""
RELEASE = """
delete from idempotency_keys
where caller = $1 and key = $2 and attempt = $3 and state = 'running'
"""


def _replay(known: Any, call: Call) -> Answer:
    if known["fingerprint"] != call.fingerprint:
        raise KeyReusedError
    if known["state"] == "running":
        raise KeyInUseError(headers={"retry-after": "1"})
    if known["state"] == "confirmed":
        raise AnswerLostError
    return Answer(known["status"], json.loads(known["headers"]), bytearray(known["body"]))
