"""Objections over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from stitch_auth.callers.service import CurrentCaller
from stitch_auth.objections.schemas import Acknowledgement, Objection
from stitch_auth.objections.service import OBJECTION_ERRORS, ObjectionService
from stitch_auth.passwords.service import HASHING_ERRORS
from stitch_common.http.problems import declares

router = APIRouter(prefix="/api/auth", tags=["Recovery"])

TAKEN_BACK = Acknowledgement(
    message="All sessions have ended. A mail with which you set a new password is on its way."
)


async def objection_service(request: Request) -> ObjectionService:
    service: ObjectionService = request.app.state.objections
    return service


Objections = Annotated[ObjectionService, Depends(objection_service)]


@router.post("/not-me", responses=declares(*OBJECTION_ERRORS, *HASHING_ERRORS))
async def object_to_notice(
    objection: Objection, objections: Objections, caller: CurrentCaller
) -> Acknowledgement:
    """Say that it was not you whom a mail told of: everybody is logged out, you set a password."""
    await objections.confirm(objection.token, caller)
    return TAKEN_BACK
