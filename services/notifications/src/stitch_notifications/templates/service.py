"""Templates: which there are, and what they say."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from jinja2 import TemplateError
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_common.clock import Clock
from stitch_common.database import Database
from stitch_common.errors import FieldError, InvalidFieldError
from stitch_notifications.rendering.service import (
    InvalidLayoutError,
    Wording,
    refusals,
    render,
    sample_values,
)
from stitch_notifications.templates.errors import (
    BuiltinTemplateError,
    InvalidTemplateError,
    TemplateNotFoundError,
)
from stitch_notifications.templates.models import Kind, Template
from stitch_notifications.templates.repository import TemplateRepository
from stitch_notifications.templates.schemas import TemplateBody

__all__ = [
    "Listed",
    "Shelf",
    "TemplateNotFoundError",
    "TemplateService",
    "Wordings",
    "wording_of",
]

WRITABLE = ("name", "subject", "text", "mjml", "is_default")


@dataclass(frozen=True, slots=True)
class Listed:
    """Templates, and the kinds whose standard template is replaced by another one."""

    templates: Sequence[Template]
    replaced_kinds: Collection[str]
    total: int | None = None


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

    async def get(self, template_id: int) -> Template:
        """Raise TemplateNotFoundError."""
        template = await self._repository.find(template_id)
        if template is None:
            raise TemplateNotFoundError
        return template

    async def wordings(self, template_ids: Collection[int | None]) -> Wordings:
        """What mails with these templates, or without one, are written with."""
        found = await self._repository.find_for_sending({one for one in template_ids if one})
        return Wordings(
            chosen={template.id: template for template in found},
            defaults={template.kind: template for template in found if template.is_default},
        )


class TemplateService:
    """Use cases of those who write templates."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def page(
        self, kind: Kind | None, *, after: int, skip: int, limit: int, count: bool
    ) -> Listed:
        async with self._database.transaction() as session:
            repository = TemplateRepository(session)
            return Listed(
                await repository.page(kind, after=after, skip=skip, limit=limit),
                await repository.replaced_kinds(),
                await repository.count(kind) if count else None,
            )

    async def get(self, template_id: int) -> Listed:
        """Raise TemplateNotFoundError."""
        async with self._database.transaction() as session:
            template = await Shelf(session).get(template_id)
            return Listed([template], await TemplateRepository(session).replaced_kinds())

    async def create(self, body: TemplateBody) -> Template:
        """Raise InvalidTemplateError or TemplateNameTakenError."""
        _check(body)
        now = self._clock()
        async with self._database.transaction() as session:
            repository = TemplateRepository(session)
            if body.is_default:
                await repository.make_room_for_default(body.kind)
            template = Template(**body.model_dump(), created_at=now, updated_at=now)
            await repository.add(template)
        return template

    async def replace(
        self, template_id: int, body: TemplateBody, *, expected: int | None
    ) -> Template:
        """Raise what `create` raises, BuiltinTemplateError or StaleVersionError."""
        _check(body)
        async with self._database.transaction() as session:
            repository = TemplateRepository(session)
            template = await _own(repository, template_id, expected)
            if body.kind != template.kind:
                raise InvalidFieldError.of("/kind", "A template keeps its kind.")
            if body.is_default and not template.is_default:
                await repository.make_room_for_default(body.kind)
            wanted = {name: getattr(body, name) for name in WRITABLE}
            changed = [name for name, new in wanted.items() if getattr(template, name) != new]
            for name in changed:
                setattr(template, name, wanted[name])
            if changed:
                template.touch(changed)
                template.updated_at = self._clock()
            await repository.flush()
        return template

    async def remove(self, template_id: int, *, expected: int | None) -> None:
        """Mails that are already queued with it still use it."""
        async with self._database.transaction() as session:
            template = await _own(TemplateRepository(session), template_id, expected)
            template.deleted_at = self._clock()
            template.is_default = False


async def _own(repository: TemplateRepository, template_id: int, expected: int | None) -> Template:
    template = await repository.find(template_id, lock=True)
    if template is None:
        raise TemplateNotFoundError
    if template.is_builtin:
        raise BuiltinTemplateError
    template.expect(expected)
    return template


def _check(body: TemplateBody) -> None:
    """Refuse what could not be sent, before anybody has to wait for a mail in vain."""
    texts = {"subject": body.subject, "text": body.text, "mjml": body.mjml or ""}
    errors = refusals(body.kind, texts) or _trial(body)
    if errors:
        raise InvalidTemplateError(errors[0].message, errors=errors)


def _trial(body: TemplateBody) -> list[FieldError]:
    alone = {
        "subject": Wording(body.subject, "-"),
        "text": Wording("-", body.text),
        "mjml": Wording("-", "-", body.mjml),
    }
    return [error for field, wording in alone.items() for error in _tried(field, body, wording)]


def _tried(field: str, body: TemplateBody, wording: Wording) -> Iterator[FieldError]:
    try:
        render(body.kind, sample_values(body.kind), wording)
    except InvalidLayoutError as error:
        yield FieldError(f"/{field}", error.detail)
    except (TemplateError, TypeError, ValueError) as error:
        yield FieldError(f"/{field}", f"It can't be filled in: {error}")
