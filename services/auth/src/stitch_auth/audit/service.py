"""Writing the audit log, in the transaction of what it tells, and reading it."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from stitch_auth.audit.models import AuditEntry, Result
from stitch_auth.audit.repository import AuditRepository
from stitch_auth.audit.schemas import AuditFilter
from stitch_auth.callers.models import Caller
from stitch_common.clock import Clock
from stitch_common.context import request_id
from stitch_common.database import Database
from stitch_common.http.lists import Cursors, Page

SCOPE = "audit-log:newest-first"


class AuditTrail:
    """The audit log as other use cases write it; `caller` is None for the system itself."""

    def __init__(self, session: AsyncSession, clock: Clock, caller: Caller | None) -> None:
        self._session = session
        self._clock = clock
        self._caller = caller

    def succeeded(
        self, action: str, *, actor_id: int | None, subject: str | None = None, **details: Any
    ) -> None:
        self._add(action, Result.SUCCESS, actor_id=actor_id, subject=subject, details=details)

    def failed(
        self, action: str, *, actor_id: int | None, subject: str | None = None, **details: Any
    ) -> None:
        self._add(action, Result.FAILURE, actor_id=actor_id, subject=subject, details=details)

    def _add(self, action: str, result: Result, **what: Any) -> None:
        entry = AuditEntry(
            at=self._clock(),
            action=action,
            result=result,
            ip=self._caller.address if self._caller else None,
            user_agent=self._caller.user_agent if self._caller else None,
            request_id=request_id.get(),
            **what,
        )
        self._session.add(entry)


class AuditService:
    """The audit log as admins read it."""

    def __init__(self, database: Database, cursors: Cursors) -> None:
        self._database = database
        self._cursors = cursors

    async def find(
        self, wanted: AuditFilter, page: Page
    ) -> tuple[list[AuditEntry], str | None, int | None]:
        """Entries, newest first, the cursor of the following page, and how many if asked."""
        before = self._cursors.decode(SCOPE, page.cursor)[0] if page.cursor else None
        async with self._database.reading() as session:
            entries = AuditRepository(session)
            found = await entries.find(wanted, before=before, skip=page.skip, limit=page.limit + 1)
            total = await entries.count(wanted) if page.count else None
        shown = found[: page.limit]
        more = len(found) > page.limit
        return shown, self._cursors.encode(SCOPE, [shown[-1].id]) if more else None, total
