"""SQL of refreshing: one statement to look, one to rotate, on the driver's own connection."""

from typing import Any

from asyncpg import Connection

from stitch_auth.accounts.models import User
from stitch_auth.callers.models import Caller
from stitch_auth.sessions.models import Delivery, Session
from stitch_common.context import request_id
from stitch_common.security.principals import Role

FIND = """
select s.sid, s.user_id, s.seed, s.key_id, s.generation, s.rotated_at, s.delivery, s.scope,
    s.idle_expires_at, s.expires_at, s.ended_at, u.username, u.role, u.is_active, u.deleted_at
from auth.sessions s join auth.users u on u.id = s.user_id
where s.sid = $1
"""
OF_SESSION = 11
"""So many columns are the session's, and those behind them its owner's."""

# Whoever had to wait for the row finds another generation in it, and changes nothing.
ROTATE = """
with rotated as (
    update auth.sessions set generation = generation + 1, rotated_at = $3, last_used_at = $3,
        idle_expires_at = $4, ip = $5, user_agent = $6
    where sid = $1 and generation = $2 and ended_at is null
    returning user_id
)
insert into auth.audit_log
    (at, action, result, actor_id, subject, ip, user_agent, request_id, details)
select $3, 'session.refreshed', 'success', user_id, 'session:' || $1, $5, $6, $7, '{}'
from rotated
returning true
"""


class RefreshRepository:
    """Sessions as their refresh tokens see them; the rows are copies, which nobody saves."""

    def __init__(self, connection: "Connection[Any]") -> None:
        self._connection = connection

    async def find(self, sid: str) -> tuple[Session, User] | None:
        """A session as it is now, and its owner; of both only what a refresh looks at."""
        row = await self._connection.fetchrow(FIND, sid)
        if row is None:
            return None
        columns = list(row.items())
        session, user = Session(**dict(columns[:OF_SESSION])), User(**dict(columns[OF_SESSION:]))
        session.delivery, user.id, user.role = (
            Delivery(session.delivery),
            session.user_id,
            Role(user.role),
        )
        return session, user

    async def rotate(self, session: Session, caller: Caller) -> bool:
        """Save a copy that was rotated and used, and tell the audit log.

        False, and nothing has happened, if meanwhile somebody else has rotated or ended it.
        """
        return bool(
            await self._connection.fetchval(
                ROTATE, session.sid, session.generation - 1, session.rotated_at,
                session.idle_expires_at, caller.address, caller.user_agent, request_id.get(),
            )
        )  # fmt: skip
