"""SQL of the audit log."""

from typing import TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_auth.audit.models import AuditEntry
from stitch_auth.audit.schemas import AuditFilter

T = TypeVar("T")


class AuditRepository:
    """Entries, newest first."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(
        self, wanted: AuditFilter, *, before: int | None, skip: int, limit: int
    ) -> list[AuditEntry]:
        query = _filtered(select(AuditEntry), wanted).order_by(AuditEntry.id.desc())
        query = query.offset(skip).limit(limit)
        if before is not None:
            query = query.where(AuditEntry.id < before)
        return list((await self._session.scalars(query)).all())

    async def count(self, wanted: AuditFilter) -> int:
        query = _filtered(select(func.count()).select_from(AuditEntry), wanted)
        return int((await self._session.scalars(query)).one())


def _filtered(query: Select[T], wanted: AuditFilter) -> Select[T]:
    if wanted.actor_id is not None:
        query = query.where(AuditEntry.actor_id == wanted.actor_id)
    if wanted.action is not None:
        query = query.where(AuditEntry.action == wanted.action)
    if wanted.since is not None:
        query = query.where(AuditEntry.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(AuditEntry.at < wanted.until)
    return query
