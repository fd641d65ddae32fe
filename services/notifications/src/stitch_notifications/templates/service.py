"""Templates: which there are, and what they say."""

from sqlalchemy.ext.asyncio import AsyncSession

from stitch_common.errors import InvalidFieldError
from stitch_notifications.templates.models import Kind
from stitch_notifications.templates.repository import TemplateRepository


class Shelf:
    """The templates, within the transaction of another slice's use case."""

    def __init__(self, session: AsyncSession) -> None:
        self._repository = TemplateRepository(session)

    async def expect(self, template_id: int | None, kind: Kind) -> None:
        """Refuse a choice that is not there or not for mails of this kind."""
        if template_id is None:
            return
        template = await self._repository.find(template_id)
        if template is None or template.kind != kind:
            raise InvalidFieldError.of("/template_id", f"There is no such template for {kind}s.")
