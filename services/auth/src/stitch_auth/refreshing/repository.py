"""SQL of refreshing: one statement to look, one to rotate, on the driver's own connection."""

from typing import Any

from asyncpg import Connection, Record

from stitch_auth.callers.models import Caller
from stitch_auth.refreshing.models import Family, Owner
from stitch_auth.sessions.models import Delivery
from stitch_common.context import request_id
from stitch_common.security.principals import Role

FIND = """
select u.id, u.username, u.role, u.is_active and u.deleted_at is null as is_usable,
    s.sid, s.seed, s.key_id, s.generation, s.rotated_at, s.delivery, s.scope,
    s.idle_expires_at, s.expires_at, s.ended_at
from auth.sessions s join auth.users u on u.id = s.user_id
where s.sid = $1
"""

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
    """Families as they are now, and their next generation."""

    def __init__(self, connection: "Connection[Any]") -> None:
        self._connection = connection

    async def find(self, sid: str) -> Family | None:
        row = await self._connection.fetchrow(FIND, sid)
        return _family(row) if row is not None else None

    async def rotate(self, family: Family, caller: Caller) -> bool:
        """Save a copy that was rotated, and tell the audit log.

        False, and nothing has happened, if meanwhile somebody else has rotated or ended it.
        """
        return bool(
            await self._connection.fetchval(
                ROTATE, family.sid, family.generation - 1, family.rotated_at,
                family.idle_expires_at, caller.address, caller.user_agent, request_id.get(),
            )
        )  # fmt: skip


def _family(row: Record) -> Family:
    user_id, username, role, is_usable, *columns = row
    family = Family(Owner(user_id, username, Role(role), is_usable), *columns)
    family.delivery = Delivery(family.delivery)
    return family
