"""Registration over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from stitch_auth.accounts.models import User
from stitch_auth.accounts.service import UserView
from stitch_auth.callers.service import CurrentCaller
from stitch_auth.passwords.service import HASHING_ERRORS
from stitch_auth.registration.errors import (
    EmailKnownError,
    InvitationRequiredError,
    RegistrationClosedError,
    UsernameTakenError,
)
from stitch_auth.registration.schemas import (
    Acknowledgement,
    Invitation,
    Registration,
    VerificationToken,
    VerificationWish,
)
from stitch_auth.registration.service import RegistrationService
from stitch_auth.throttling.service import THROTTLING_ERRORS
from stitch_auth.verification.service import VERIFICATION_ERRORS, VerificationService
from stitch_common.http.etags import set_etag
from stitch_common.http.principals import Admin
from stitch_common.http.problems import declares

router = APIRouter(prefix="/api/auth", tags=["Registration"])

REGISTERED = Acknowledgement(
    message="We have sent a mail to this address. Follow the link in it to go on."
)
CONFIRMED = Acknowledgement(message="Your e-mail address is confirmed. You can log in now.")
SENT = Acknowledgement(
    message="If an account with this address waits for its confirmation, a new mail is on its way."
)


async def registration_service(request: Request) -> RegistrationService:
    service: RegistrationService = request.app.state.registrations
    return service


async def verification_service(request: Request) -> VerificationService:
    service: VerificationService = request.app.state.verifications
    return service


Registrations = Annotated[RegistrationService, Depends(registration_service)]
Verifications = Annotated[VerificationService, Depends(verification_service)]


@router.post(
    "/register",
    status_code=202,
    responses=declares(
        UsernameTakenError,
        RegistrationClosedError,
        InvitationRequiredError,
        *HASHING_ERRORS,
        *THROTTLING_ERRORS,
    ),
)
async def register(
    wanted: Registration, registrations: Registrations, caller: CurrentCaller
) -> Acknowledgement:
    """Ask for an account; the answer is the same for a known e-mail address."""
    await registrations.register(wanted, caller)
    return REGISTERED


@router.post(
    "/users",
    status_code=201,
    response_model=UserView,
    responses=declares(UsernameTakenError, EmailKnownError, *HASHING_ERRORS),
)
async def invite_user(
    wanted: Invitation,
    response: Response,
    registrations: Registrations,
    admin: Admin,
    caller: CurrentCaller,
) -> User:
    """Make an account; its owner gets a mail with a link to set the password."""
    user = await registrations.invite(wanted, admin, caller)
    response.headers["location"] = f"/api/auth/users/{user.id}"
    set_etag(response, user.version)
    return user


@router.post("/verify-email", responses=declares(*VERIFICATION_ERRORS))
async def verify_email(
    body: VerificationToken, verifications: Verifications, caller: CurrentCaller
) -> Acknowledgement:
    """Confirm an e-mail address with the token out of the mailed link; it works once."""
    await verifications.confirm(body.token, caller)
    return CONFIRMED


@router.post("/verify-email/resend", status_code=202, responses=declares(*THROTTLING_ERRORS))
async def resend_verification(
    wish: VerificationWish, verifications: Verifications, caller: CurrentCaller
) -> Acknowledgement:
    """Ask for the mail again; the answer is the same for every address."""
    await verifications.resend(wish.email, caller)
    return SENT
