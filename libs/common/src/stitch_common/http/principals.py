"""Which principal a route needs, as `Annotated` aliases."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from stitch_common.security.principals import (
    InvalidTokenError,
    NotAuthenticatedError,
    Principal,
    Role,
    RoleRequiredError,
)
from stitch_common.security.tokens import TokenVerifier

PRINCIPAL_ERRORS = (NotAuthenticatedError, InvalidTokenError, RoleRequiredError)
"""What every route with a principal may answer; `create_app` declares them."""

documented_scheme = HTTPBearer(auto_error=False, bearerFormat="JWT", description="Access token")


def bearer_token(request: Request) -> str:
    """The only credential of the request; none, another scheme or two are refused."""
    given = request.headers.getlist("authorization")
    if not given:
        raise NotAuthenticatedError
    scheme, _, token = given[0].partition(" ")
    if len(given) > 1 or scheme.lower() != "bearer" or not token:
        raise InvalidTokenError
    return token.strip()


async def current_principal(
    request: Request, _documented: Annotated[object, Depends(documented_scheme)]
) -> Principal:
    verifier: TokenVerifier = request.app.state.verifier
    return await verifier.verify(bearer_token(request))


CurrentUser = Annotated[Principal, Depends(current_principal)]


def _requiring(role: Role) -> Callable[[Principal], Awaitable[Principal]]:
    async def principal_with_role(user: CurrentUser) -> Principal:
        if not user.role.covers(role):
            raise RoleRequiredError(f"This needs the role {role} or a higher one.")
        return user

    return principal_with_role


Viewer = Annotated[Principal, Depends(_requiring(Role.VIEWER))]
Editor = Annotated[Principal, Depends(_requiring(Role.EDITOR))]
Admin = Annotated[Principal, Depends(_requiring(Role.ADMIN))]
