"""Second factors over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from stitch_auth.callers.service import CurrentCaller
from stitch_auth.credentials.service import CREDENTIAL_ERRORS, CredentialsService
from stitch_auth.mfa.errors import (
    MFAEnabledError,
    MFANotStartedError,
    NoSecondFactorError,
    WrongCodeError,
)
from stitch_auth.mfa.schemas import CodeProof, Enrolment, PasswordProof, RecoveryCodes
from stitch_auth.mfa.service import SecondFactorService
from stitch_auth.passwords.service import HASHING_ERRORS
from stitch_auth.throttling.service import THROTTLING_ERRORS
from stitch_common.http.bodies import ResourceId
from stitch_common.http.principals import Admin, CurrentUser
from stitch_common.http.problems import declares

OWN = "/me/mfa/totp"
router = APIRouter(prefix="/api/auth", tags=["Second factor"])

ERRORS = (*CREDENTIAL_ERRORS, *HASHING_ERRORS, *THROTTLING_ERRORS)


async def second_factor_service(request: Request) -> SecondFactorService:
    service: SecondFactorService = request.app.state.second_factors
    return service


async def credentials_service(request: Request) -> CredentialsService:
    service: CredentialsService = request.app.state.credentials
    return service


SecondFactors = Annotated[SecondFactorService, Depends(second_factor_service)]
Credentials = Annotated[CredentialsService, Depends(credentials_service)]


@router.post(OWN, responses=declares(MFAEnabledError, *ERRORS))
async def begin(
    proof: PasswordProof,
    response: Response,
    factors: SecondFactors,
    credentials: Credentials,
    user: CurrentUser,
    caller: CurrentCaller,
) -> Enrolment:
    """Get a secret for your authenticator app; confirm it with a code of the app."""
    await credentials.check(user, proof.password.get_secret_value(), caller=caller)
    response.headers["cache-control"] = "no-store"
    return await factors.begin(user, caller)


@router.post(
    f"{OWN}/confirm",
    responses=declares(MFANotStartedError, MFAEnabledError, WrongCodeError, *THROTTLING_ERRORS),
)
async def confirm(
    proof: CodeProof,
    response: Response,
    factors: SecondFactors,
    user: CurrentUser,
    caller: CurrentCaller,
) -> RecoveryCodes:
    """Ask for a code at every log-in from now on; keep the recovery codes safe."""
    response.headers["cache-control"] = "no-store"
    return RecoveryCodes(recovery_codes=await factors.confirm(user, proof.code, caller))


@router.delete(OWN, status_code=204, responses=declares(MFANotStartedError, *ERRORS))
async def remove(
    proof: PasswordProof,
    factors: SecondFactors,
    credentials: Credentials,
    user: CurrentUser,
    caller: CurrentCaller,
) -> None:
    """Let the password be enough again."""
    await credentials.check(user, proof.password.get_secret_value(), caller=caller)
    await factors.remove(user, caller)


@router.delete(
    "/users/{user_id}/mfa/totp", status_code=204, responses=declares(NoSecondFactorError)
)
async def reset(
    user_id: ResourceId, factors: SecondFactors, admin: Admin, caller: CurrentCaller
) -> None:
    """Remove the second factor of somebody who has lost it; they are told by mail."""
    await factors.reset(user_id, admin, caller)
