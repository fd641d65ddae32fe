"""SQL of sessions."""

import json
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_auth.accounts.models import User, login_key
from stitch_auth.callers.models import Caller
from stitch_auth.sessions.models import Login, Session
from stitch_common.bus.envelope import Envelope
from stitch_common.bus.outbox import columns, insert_sql
from stitch_common.context import request_id
from stitch_common.contracts import Fact
from stitch_common.database import Database
from stitch_common.security.principals import Role

MAX_SHOWN = 100

FIND = """
select id, username, role, password_hash, failed_logins, email_verified_at, is_active, deleted_at
from auth.users where {key} = $1 and deleted_at is null
"""
# Without a wait for the disk: what the attempt leads to is written behind it, and waits for both.
COUNT_ATTEMPT = """
update auth.users set failed_logins = failed_logins + 1
where id = $1 and failed_logins < $2 and set_config('synchronous_commit', 'off', true) is not null
returning true
"""
# Who has a second factor takes the long way. Whoever waits for the row judges what is in it then.
BEGIN = f"""
with owner as (
    update auth.users u set failed_logins = 0, last_login_at = $12,
        password_hash = coalesce($7, u.password_hash)
    where u.id = $5 and u.password_hash = $6 and u.is_active and u.deleted_at is null
        and not exists (
            select from auth.second_factors f
            where f.user_id = u.id and f.confirmed_at is not null
        )
    returning u.id
), begun as (
    insert into auth.sessions
        (sid, seed, key_id, delivery, created_at, rotated_at, last_used_at, idle_expires_at,
         expires_at, scope, ip, user_agent, generation, user_id)
    select $8, $9::bytea, $10, $11, $12, $12, $12, $13::timestamptz,
        $14::timestamptz, $15, $16, $17, 0, id
    from owner
), told as (
    insert into auth.audit_log
        (at, action, result, actor_id, subject, ip, user_agent, request_id, details)
    select $12, 'login', 'success', id, 'session:' || $8, $16, $17, $18, '{{}}' from owner
), recorded as ({insert_sql("auth", given="exists (select from owner)")})
select exists (select from owner)
"""  # noqa: S608 - our own names
FAIL = f"""
with told as (
    insert into auth.audit_log
        (at, action, result, actor_id, ip, user_agent, request_id, details)
    values ($5, 'login', 'failure', $6, $7, $8, $9, $10)
)
{insert_sql("auth")}
"""  # noqa: S608 - the same


class SessionRepository:
    """Sessions, and whose they are."""

    def __init__(self, transaction: AsyncSession) -> None:
        self._transaction = transaction

    async def lock_user(self, user_id: int) -> User | None:
        query = select(User).where(User.id == user_id, User.exists()).with_for_update()
        user: User | None = await self._transaction.scalar(query)
        return user

    async def count_attempt(self, user_id: int | None, *, up_to: int) -> int | None:
        """Count a log-in as failed until it succeeds; None if there were too many."""
        query = (
            update(User)
            .where(User.id == (user_id or 0), User.failed_logins < up_to)
            .values(failed_logins=User.failed_logins + 1)
            .returning(User.failed_logins)
            .execution_options(synchronize_session=False)
        )
        count: int | None = await self._transaction.scalar(query)
        return count

    async def add(self, session: Session) -> None:
        self._transaction.add(session)
        await self._transaction.flush()

    async def lock(self, sid: str) -> Session | None:
        """A session, which nobody else can change until this transaction ends."""
        query = select(Session).where(Session.sid == sid).with_for_update()
        session: Session | None = await self._transaction.scalar(query)
        return session

    async def find_live(self, user_id: int, at: datetime) -> list[Session]:
        """Those that were used last come first."""
        query = (
            select(Session)
            .where(
                Session.user_id == user_id,
                Session.ended_at.is_(None),
                Session.idle_expires_at > at,
            )
            .order_by(Session.last_used_at.desc(), Session.sid)
            .limit(MAX_SHOWN)
        )
        return list((await self._transaction.scalars(query)).all())

    async def end_all(
        self, user_id: int, at: datetime, *, reason: str, keep: str | None = None
    ) -> list[str]:
        """End every session of a user but one; gives the ids of those that had not ended."""
        query = (
            update(Session)
            .where(
                Session.user_id == user_id,
                Session.ended_at.is_(None),
                Session.sid.is_distinct_from(keep),
            )
            .values(ended_at=at, end_reason=reason)
            .returning(Session.sid)
        )
        return list((await self._transaction.scalars(query)).all())


class LoginRepository:
    """Log-ins without a transaction: one statement each on the driver's own connection."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, login: str) -> User | None:
        """Whom this username or e-mail address means: a copy of what a log-in looks at."""
        key, value = login_key(login)
        async with self._database.connection() as connection:
            row = await connection.fetchrow(FIND.format(key=key), value)
        return User(**{**row, "role": Role(row["role"])}) if row is not None else None

    async def count_attempt(self, user_id: int | None, *, below: int) -> bool:
        """Count a log-in as failed until it succeeds, if fewer than so many have."""
        async with self._database.connection() as connection:
            return bool(await connection.fetchval(COUNT_ATTEMPT, user_id or 0, below))

    async def begin(self, login: Login, fact: Fact) -> bool:
        """Save a new session, and what a log-in changes beside it.

        False, and nothing has happened, if the owner has changed since, or has a second factor.
        """
        checked, session = login.checked, login.session
        async with self._database.connection() as connection:
            has_begun = await connection.fetchval(
                BEGIN, *columns([Envelope.seal(fact)]).values(), checked.id,
                checked.password_hash, login.rehashed, session.sid, session.seed, session.key_id,
                session.delivery, session.created_at, session.idle_expires_at,
                session.expires_at, session.scope, session.ip, session.user_agent,
                request_id.get(),
            )  # fmt: skip
        if has_begun:
            self._database.wake()
        return bool(has_begun)

    async def fail(
        self, user_id: int | None, caller: Caller, fact: Fact | None, *, at: datetime, reason: str
    ) -> None:
        """Tell the audit log, and others if there is such a user; it takes the same time."""
        sealed = columns([Envelope.seal(fact)] if fact else [])
        async with self._database.connection() as connection:
            await connection.execute(
                FAIL, *sealed.values(), at, user_id, caller.address, caller.user_agent,
                request_id.get(), json.dumps({"reason": reason}),
            )  # fmt: skip
        if fact:
            self._database.wake()
