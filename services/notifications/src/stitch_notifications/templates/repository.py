"""The SQL of templates."""


from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_notifications.templates.models import Template


class TemplateRepository:
    """Works in the caller's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, template_id: int) -> Template | None:
        query = select(Template).where(Template.id == template_id, Template.deleted_at.is_(None))
        return (await self._session.scalars(query)).one_or_none()
