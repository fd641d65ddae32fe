"""SQL of sessions."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_auth.accounts.models import User
from stitch_auth.sessions.models import Session

MAX_SHOWN = 100


class SessionRepository:
    """Sessions, and whose they are."""

    def __init__(self, transaction: AsyncSession) -> None:
        self._transaction = transaction

    async def find_user(self, login: str) -> User | None:
        """Whom this username or e-mail address means; no username has an @."""
        matches = User.has_email(login) if "@" in login else User.has_username(login)
        user: User | None = await self._transaction.scalar(select(User).where(matches))
        return user

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
