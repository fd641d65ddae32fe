"""SQL of notices."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_auth.accounts.models import User
from stitch_auth.notices.models import Notice
from stitch_auth.sessions.models import Session
from stitch_common.bus.inbox import Received, admit_sql
from stitch_common.database import Database

NEW_DEVICES = "auth-new-devices"
"""The consumer."""

# Most log-ins are no news, and cost this one statement.
COMPARE = f"""
with earlier as not materialized (
    select e.user_agent = s.user_agent or e.ip = s.ip as is_alike
    from auth.sessions s join auth.sessions e
        on e.user_id = s.user_id and e.created_at < s.created_at
    where s.sid = $3
), news as (
    select exists (select from earlier)
        and not exists (select from earlier where is_alike) as is_news
), {admit_sql(NEW_DEVICES, where="not (select is_news from news)")}
select is_news from news
"""  # noqa: S608 - ours


async def is_news(database: Database, sid: str, received: Received) -> bool:
    """Whether a session's owner was here before, but never with its program nor from its address.

    If not, the fact is marked as handled.
    """
    async with database.connection() as connection:
        return bool(await connection.fetchval(COMPARE, NEW_DEVICES, received.fact_id, sid))


class NoticeRepository:
    """Notices, and the sessions that they tell of."""

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
