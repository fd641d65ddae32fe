"""SQL of the audit log."""

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_auth.audit.models import AuditEntry
from stitch_auth.audit.schemas import AuditFilter


class AuditRepository:
    """Entries, newest first."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(
        self, wanted: AuditFilter, *, before: int | None, skip: int, limit: int
    ) -> list[AuditEntry]:
        query = _filtered(wanted).order_by(AuditEntry.id.desc()).offset(skip).limit(limit)
        if before is not None:
            query = query.where(AuditEntry.id < before)
        return list((await self._session.scalars(query)).all())


def _filtered(wanted: AuditFilter) -> Select[AuditEntry]:
    query = select(AuditEntry)
    if wanted.actor_id is not None:
        query = query.where(AuditEntry.actor_id == wanted.actor_id)
    if wanted.action is not None:
        query = query.where(AuditEntry.action == wanted.action)
    if wanted.since is not None:
        query = query.where(AuditEntry.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(AuditEntry.at < wanted.until)
    return query
