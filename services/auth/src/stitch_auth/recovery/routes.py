"""Recovery over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from stitch_auth.callers.service import CurrentCaller
from stitch_auth.passwords.service import HASHING_ERRORS
from stitch_auth.recovery.schemas import Acknowledgement, NewPassword, ResetWish
from stitch_auth.recovery.service import RecoveryService
from stitch_auth.throttling.service import THROTTLING_ERRORS
from stitch_common.http.problems import declares
from stitch_common.security.links import InvalidLinkError

router = APIRouter(prefix="/api/auth/password-reset", tags=["Recovery"])

SENT = Acknowledgement(
    message="If there is an account with this address, a mail with a link is on its way."
)
DONE = Acknowledgement(message="Your password is set. Log in with it now.")


async def recovery_service(request: Request) -> RecoveryService:
    service: RecoveryService = request.app.state.recovery
    return service


Recovery = Annotated[RecoveryService, Depends(recovery_service)]


@router.post("", status_code=202, responses=declares(*THROTTLING_ERRORS))
async def request_reset(
    wish: ResetWish, recovery: Recovery, caller: CurrentCaller
) -> Acknowledgement:
    """Ask for a mail with which you can set a new password; the answer is always the same."""
    await recovery.request(wish.email, caller)
    return SENT


@router.post("/confirm", responses=declares(InvalidLinkError, *HASHING_ERRORS))
async def confirm_reset(
    body: NewPassword, recovery: Recovery, caller: CurrentCaller
) -> Acknowledgement:
    """Set a new password with the token out of the mailed link; it works once, for 30 minutes."""
    await recovery.confirm(body.token, body.password.get_secret_value(), caller)
    return DONE
