"""Templates: which there are, and what they say."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from stitch_common.errors import InvalidFieldError
from stitch_notifications.rendering.service import Wording
from stitch_notifications.templates.models import Kind, Template
from stitch_notifications.templates.repository import TemplateRepository


@dataclass(frozen=True, slots=True)
class Wordings:
    """Which template a mail is written with."""

    chosen: Mapping[int, Template]
    defaults: Mapping[str, Template]

    def find(self, kind: Kind, template_id: int | None) -> Wording | None:
        """None for the standard template."""
        template = self.chosen.get(template_id or 0) or self.defaults.get(kind)
        return wording_of(template) if template else None


def wording_of(template: Template) -> Wording | None:
    """What the template says; None where that comes with the code."""
    if template.is_builtin:
        return None
    return Wording(template.subject, template.text, template.mjml)


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

    async def wordings(self, template_ids: Collection[int | None]) -> Wordings:
        """What mails with these templates, or without one, are written with."""
        found = await self._repository.find_for_sending({one for one in template_ids if one})
        return Wordings(
            chosen={template.id: template for template in found},
            defaults={template.kind: template for template in found if template.is_default},
        )
