"""The audit log over HTTP."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from stitch_auth.audit.models import AuditEntry
from stitch_auth.audit.schemas import AuditEntryView, AuditFilter, Moment
from stitch_auth.audit.service import AuditService
from stitch_common.http.bodies import MAX_ID
from stitch_common.http.lists import RequestedPage, link_next, set_total
from stitch_common.http.principals import Admin

router = APIRouter(prefix="/api/auth", tags=["Audit"])


async def audit_service(request: Request) -> AuditService:
    service: AuditService = request.app.state.audit
    return service


async def audit_filter(
    actor_id: Annotated[int | None, Query(ge=1, le=MAX_ID)] = None,
    action: Annotated[str | None, Query(max_length=100)] = None,
    since: Moment | None = None,
    until: Moment | None = None,
) -> AuditFilter:
    return AuditFilter(actor_id=actor_id, action=action, since=since, until=until)


Audit = Annotated[AuditService, Depends(audit_service)]
WantedEntries = Annotated[AuditFilter, Depends(audit_filter)]


@router.get("/audit-log", response_model=list[AuditEntryView])
async def list_audit_log(
    request: Request,
    response: Response,
    audit: Audit,
    wanted: WantedEntries,
    page: RequestedPage,
    _admin: Admin,
) -> Sequence[AuditEntry]:
    """Who did what, when, from where; newest first."""
    entries, following, total = await audit.find(wanted, page)
    link_next(request, response, following)
    set_total(response, total)
    return entries
