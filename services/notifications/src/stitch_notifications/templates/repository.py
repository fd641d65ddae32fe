"""The SQL of templates."""

from collections.abc import Collection, Sequence

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_notifications.templates.models import Template


class TemplateRepository:
    """Works in the caller's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, template_id: int) -> Template | None:
        query = select(Template).where(Template.id == template_id, Template.deleted_at.is_(None))
        return (await self._session.scalars(query)).one_or_none()

    async def find_for_sending(self, template_ids: Collection[int]) -> Sequence[Template]:
        """The chosen ones, even if they were deleted meanwhile, and the defaults."""
        is_default = Template.is_default & Template.deleted_at.is_(None)
        query = select(Template).where(or_(Template.id.in_(template_ids), is_default))
        return (await self._session.scalars(query)).all()
