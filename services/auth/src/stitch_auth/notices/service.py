"""Telling owners what was done with their accounts, in the transaction that did it."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from stitch_auth.accounts.models import User
from stitch_auth.callers.models import Caller
from stitch_auth.notices.models import About, Notice
from stitch_auth.notices.repository import NoticeRepository, is_news
from stitch_auth.notices.rules import device_name
from stitch_common.bus.inbox import Inbox, Received
from stitch_common.bus.outbox import Outbox
from stitch_common.clock import Clock
from stitch_common.contracts.auth import LoginSucceeded, SecurityNoticeRequested
from stitch_common.database import Database

__all__ = ["About", "NewDeviceService", "Notice", "give_notice", "open_notice"]


async def open_notice(
    session: AsyncSession,
    user: User,
    about: About,
    *,
    at: datetime,
    ttl: timedelta,
    email: str | None = None,
) -> Notice:
    """A notice that somebody else's mail tells of, to the owner's address or another one."""
    notice = Notice(
        user_id=user.id,
        about=about,
        email=email or user.email,
        created_at=at,
        expires_at=at + ttl,
    )
    await NoticeRepository(session).add(notice)
    return notice


async def give_notice(
    session: AsyncSession,
    user: User,
    about: About,
    *,
    at: datetime,
    ttl: timedelta,
    caller: Caller | None = None,
) -> None:
    """Ask for a mail about this to the owner; `caller` is who did it, where that helps."""
    notice = await open_notice(session, user, about, at=at, ttl=ttl)
    Outbox(session).add(
        SecurityNoticeRequested(
            user_id=user.id,
            notice_id=notice.id,
            about=about,
            email=notice.email,
            full_name=user.full_name,
            ip=caller.address if caller else None,
            device=device_name(caller.user_agent) if caller else None,
            expires_at=notice.expires_at,
            at=at,
        )
    )


class NewDeviceService:
    """Notices log-ins from where their owner never was; beside the log-in, which need not wait."""

    def __init__(self, database: Database, clock: Clock, ttl: timedelta) -> None:
        self._database = database
        self._clock = clock
        self._ttl = ttl

    async def look_at(self, fact: LoginSucceeded, received: Received) -> None:
        """Give notice of a log-in from a new address with a new program; once."""
        if not await is_news(self._database, fact.sid, received):
            return
        async with self._database.transaction() as session:
            if not await Inbox(session).admit(received):
                return
            found = await NoticeRepository(session).find_session(fact.sid)
            if found is None:
                return
            log_in, user = found
            caller = Caller(log_in.ip, log_in.user_agent)
            await give_notice(
                session, user, About.NEW_DEVICE, at=self._clock(), ttl=self._ttl, caller=caller
            )
