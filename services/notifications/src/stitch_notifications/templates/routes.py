"""`/api/notifications/templates`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from stitch_common.errors import InvalidFieldError
from stitch_common.http.bodies import ResourceId
from stitch_common.http.etags import IfMatch, set_etag
from stitch_common.http.lists import Cursors, RequestedPage, link_next, set_total
from stitch_common.http.principals import Admin, Editor
from stitch_common.http.problems import InvalidQueryError, declares
from stitch_common.versioning import StaleVersionError
from stitch_notifications.rendering.service import placeholders, standard_wording
from stitch_notifications.templates.errors import (
    BuiltinTemplateError,
    InvalidTemplateError,
    TemplateNameTakenError,
    TemplateNotFoundError,
)
from stitch_notifications.templates.models import Kind, Template
from stitch_notifications.templates.schemas import TemplateBody, TemplateView
from stitch_notifications.templates.service import Listed, TemplateService

PREFIX = "/api/notifications/templates"
router = APIRouter(prefix=PREFIX, tags=["Templates"])


async def template_service(request: Request) -> TemplateService:
    service: TemplateService = request.app.state.templates
    return service


async def list_cursors(request: Request) -> Cursors:
    cursors: Cursors = request.app.state.cursors
    return cursors


Templates = Annotated[TemplateService, Depends(template_service)]
ListCursors = Annotated[Cursors, Depends(list_cursors)]


@router.get("")
async def list_templates(
    page: RequestedPage,
    templates: Templates,
    cursors: ListCursors,
    _editor: Editor,
    request: Request,
    response: Response,
    kind: Annotated[Kind | None, Query()] = None,
) -> list[TemplateView]:
    """The standard templates and those of your own."""
    scope = f"templates:{kind}"
    after = cursors.decode(scope, page.cursor)[0] if page.cursor else 0
    listed = await templates.page(
        kind, after=after, skip=page.skip, limit=page.limit, count=page.count
    )
    if len(listed.templates) == page.limit:
        link_next(request, response, cursors.encode(scope, [listed.templates[-1].id]))
    set_total(response, listed.total)
    return [_view(template, listed) for template in listed.templates]


@router.post("", status_code=201, responses=declares(InvalidTemplateError, TemplateNameTakenError))
async def create_template(
    body: TemplateBody, templates: Templates, _admin: Admin, response: Response
) -> TemplateView:
    """Write a template; an unknown placeholder is refused with its line."""
    template = await templates.create(body)
    response.headers["location"] = f"{PREFIX}/{template.id}"
    return _single(template, response)


@router.get("/{template_id}", responses=declares(TemplateNotFoundError))
async def get_template(
    template_id: ResourceId, templates: Templates, _editor: Editor, response: Response
) -> TemplateView:
    listed = await templates.get(template_id)
    set_etag(response, listed.templates[0].version)
    return _view(listed.templates[0], listed)


@router.put(
    "/{template_id}",
    responses=declares(
        BuiltinTemplateError,
        InvalidFieldError,
        InvalidQueryError,
        InvalidTemplateError,
        StaleVersionError,
        TemplateNameTakenError,
        TemplateNotFoundError,
    ),
)
async def replace_template(
    template_id: ResourceId,
    body: TemplateBody,
    templates: Templates,
    _admin: Admin,
    if_match: IfMatch,
    response: Response,
) -> TemplateView:
    """Change a template of your own; mails that have not left yet use the new text."""
    template = await templates.replace(template_id, body, expected=if_match)
    return _single(template, response)


@router.delete(
    "/{template_id}",
    status_code=204,
    responses=declares(BuiltinTemplateError, StaleVersionError, TemplateNotFoundError),
)
async def remove_template(
    template_id: ResourceId, templates: Templates, _admin: Admin, if_match: IfMatch
) -> None:
    """Remove a template of your own."""
    await templates.remove(template_id, expected=if_match)


def _single(template: Template, response: Response) -> TemplateView:
    set_etag(response, template.version)
    return _view(template, Listed([template], ()))


def _view(template: Template, listed: Listed) -> TemplateView:
    kind = Kind(template.kind)
    wording = standard_wording(kind) if template.is_builtin else template
    stands_in = template.is_builtin and kind not in listed.replaced_kinds
    return TemplateView(
        id=template.id,
        kind=kind,
        name=template.name,
        subject=wording.subject,
        text=wording.text.strip(),
        mjml=wording.mjml,
        is_builtin=template.is_builtin,
        is_default=template.is_default or stands_in,
        placeholders=sorted(placeholders(kind)),
        created_at=template.created_at,
        updated_at=template.updated_at,
        version=template.version,
    )
