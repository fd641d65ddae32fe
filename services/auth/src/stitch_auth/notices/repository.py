"""SQL of notices."""

from sqlalchemy import exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_auth.accounts.models import User
from stitch_auth.notices.models import Notice
from stitch_auth.sessions.models import Session


class NoticeRepository:
    """Notices, and what is known of an account's devices."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, notice: Notice) -> None:
        self._session.add(notice)
        await self._session.flush()

    async def find_session(self, sid: str) -> tuple[Session, User] | None:
        """A session, and whose it is."""
        query = select(Session, User).join(User, User.id == Session.user_id)
        found = await self._session.execute(query.where(Session.sid == sid, User.exists()))
        row = found.one_or_none()
        return (row[0], row[1]) if row is not None else None

    async def is_first_of_its_kind(self, session: Session) -> bool:
        """Whether its owner was here before, but never with this program nor from this address."""
        earlier = select(Session.sid).where(
            Session.user_id == session.user_id, Session.created_at < session.created_at
        )
        is_alike = or_(Session.user_agent == session.user_agent, Session.ip == session.ip)
        query = select(exists(earlier) & ~exists(earlier.where(is_alike)))
        return bool(await self._session.scalar(query))
