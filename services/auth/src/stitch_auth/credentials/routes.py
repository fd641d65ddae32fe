"""Credentials over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from stitch_auth.callers.service import CurrentCaller
from stitch_auth.credentials.errors import AccountGoneError, WrongPasswordError
from stitch_auth.credentials.schemas import Acknowledgement, EmailChange, PasswordChange
from stitch_auth.credentials.service import CredentialsService
from stitch_auth.passwords.service import HASHING_ERRORS
from stitch_auth.throttling.service import THROTTLING_ERRORS
from stitch_common.http.principals import CurrentUser
from stitch_common.http.problems import declares

router = APIRouter(prefix="/api/auth/me", tags=["Credentials"])

ERRORS = (WrongPasswordError, AccountGoneError, *HASHING_ERRORS, *THROTTLING_ERRORS)
ASKED = Acknowledgement(
    message="We have sent a mail to the new address. It counts once you follow the link in it."
)


async def credentials_service(request: Request) -> CredentialsService:
    service: CredentialsService = request.app.state.credentials
    return service


Credentials = Annotated[CredentialsService, Depends(credentials_service)]


@router.post("/password", status_code=204, responses=declares(*ERRORS))
async def change_password(
    change: PasswordChange, credentials: Credentials, user: CurrentUser, caller: CurrentCaller
) -> None:
    """Change your password; your other sessions end."""
    current = change.current_password.get_secret_value()
    await credentials.change_password(
        user, current, change.password.get_secret_value(), caller=caller
    )


@router.post("/email", status_code=202, responses=declares(*ERRORS))
async def change_email(
    change: EmailChange, credentials: Credentials, user: CurrentUser, caller: CurrentCaller
) -> Acknowledgement:
    """Change your address: it counts once it is confirmed, and the old one is told."""
    password = change.password.get_secret_value()
    await credentials.change_email(user, password, change.email, caller=caller)
    return ASKED
