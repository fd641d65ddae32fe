"""The SQL of templates."""

from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import asynccontextmanager

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_notifications.templates.errors import TemplateNameTakenError
from stitch_notifications.templates.models import Kind, Template

_IS_THERE = Template.deleted_at.is_(None)


class TemplateRepository:
    """Works in the caller's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, template_id: int, *, lock: bool = False) -> Template | None:
        query = select(Template).where(Template.id == template_id, _IS_THERE)
        if lock:
            query = query.with_for_update()
        return (await self._session.scalars(query)).one_or_none()

    async def find_for_sending(self, template_ids: Collection[int]) -> Sequence[Template]:
        """The chosen ones, even if they were deleted meanwhile, and the defaults."""
        is_default = Template.is_default & _IS_THERE
        query = select(Template).where(or_(Template.id.in_(template_ids), is_default))
        return (await self._session.scalars(query)).all()

    async def page(
        self, kind: Kind | None, *, after: int, skip: int, limit: int
    ) -> Sequence[Template]:
        query = select(Template).where(_IS_THERE, Template.id > after, *_of(kind))
        query = query.order_by(Template.id).offset(skip).limit(limit)
        return (await self._session.scalars(query)).all()

    async def count(self, kind: Kind | None) -> int:
        query = select(func.count()).select_from(Template).where(_IS_THERE, *_of(kind))
        return await self._session.scalar(query) or 0

    async def replaced_kinds(self) -> set[str]:
        """The kinds whose standard template another one stands in for."""
        query = select(Template.kind).where(Template.is_default, _IS_THERE)
        return set(await self._session.scalars(query))

    async def make_room_for_default(self, kind: Kind) -> None:
        """Two admins who do this at once wait for each other at the standard template's row."""
        anchor = select(Template.id).where(Template.kind == kind, Template.is_builtin)
        await self._session.execute(anchor.with_for_update())
        was = update(Template).where(Template.kind == kind, Template.is_default)
        await self._session.execute(was.values(is_default=False, version=Template.version + 1))

    async def add(self, template: Template) -> None:
        self._session.add(template)
        await self.flush()

    async def flush(self) -> None:
        async with _named_refusals():
            await self._session.flush()


def _of(kind: Kind | None) -> list[ColumnElement[bool]]:
    return [Template.kind == kind] if kind else []


@asynccontextmanager
async def _named_refusals() -> AsyncGenerator[None]:
    try:
        yield
    except IntegrityError as error:
        if "uq_templates_name" in str(error.orig):
            raise TemplateNameTakenError from error
        raise
