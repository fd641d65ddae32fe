"""Second factors over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from stitch_auth.callers.service import CurrentCaller
from stitch_auth.credentials.service import CREDENTIAL_ERRORS, CredentialsService
from stitch_auth.mfa.errors import MFAEnabledError, MFANotStartedError, WrongCodeError
from stitch_auth.mfa.schemas import CodeProof, Enrolment, PasswordProof, RecoveryCodes
from stitch_auth.mfa.service import SecondFactorService
from stitch_auth.passwords.service import HASHING_ERRORS
from stitch_auth.throttling.service import THROTTLING_ERRORS
from stitch_common.http.principals import CurrentUser
from stitch_common.http.problems import declares

router = APIRouter(prefix="/api/auth/me/mfa/totp", tags=["Second factor"])

ERRORS = (*CREDENTIAL_ERRORS, *HASHING_ERRORS, *THROTTLING_ERRORS)


def second_factor_service(request: Request) -> SecondFactorService:
    service: SecondFactorService = request.app.state.second_factors
    return service


def credentials_service(request: Request) -> CredentialsService:
    service: CredentialsService = request.app.state.credentials
    return service


SecondFactors = Annotated[SecondFactorService, Depends(second_factor_service)]
Credentials = Annotated[CredentialsService, Depends(credentials_service)]


@router.post("", responses=declares(MFAEnabledError, *ERRORS))
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
    "/confirm",
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


@router.delete("", status_code=204, responses=declares(MFANotStartedError, *ERRORS))
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
