"""Who answers: a guest with the token of their link, an editor, or anybody."""

from typing import Annotated, NewType

from fastapi import Depends, Request
from fastapi.security.http import HTTPBase

from stitch_common.http.principals import bearer_token
from stitch_common.security.principals import (
    InvalidTokenError,
    Principal,
    Role,
    RoleRequiredError,
)
from stitch_events.rsvps.service import GuestTokenError, RSVPNotFoundError

GuestToken = NewType("GuestToken", str)

documented_scheme = HTTPBase(
    scheme="RSVP", auto_error=False, description="The token of the guest's mailed link"
)


def _credentials(request: Request) -> list[tuple[str, str]]:
    """The scheme, in small letters, and the value of every credential that was sent."""
    given = (value.partition(" ") for value in request.headers.getlist("authorization"))
    return [(scheme.lower(), value.strip()) for scheme, _, value in given]


async def guest_token(
    request: Request, _documented: Annotated[object, Depends(documented_scheme)]
) -> GuestToken:
    """The guest's token, the only credential of the request."""
    match _credentials(request):
        case [("rsvp", token)] if token:
            return GuestToken(token)
        case _:
            raise GuestTokenError


async def guest_or_editor(request: Request) -> GuestToken | Principal:
    """A guest's token or an editor; without any credential there is nothing to see."""
    match _credentials(request):
        case []:
            raise RSVPNotFoundError
        case [("rsvp", token)]:
            return GuestToken(token)
        case _:
            return _editor(await _principal(request))


async def editor_or_anybody(request: Request) -> Principal | None:
    """An editor, or None for everybody else whose credentials are in order or absent."""
    if not _credentials(request):
        return None
    user = await _principal(request)
    return user if user.role.covers(Role.EDITOR) else None


async def _principal(request: Request) -> Principal:
    principal: Principal = await request.app.state.verifier.verify(bearer_token(request))
    return principal


def _editor(user: Principal) -> Principal:
    if not user.role.covers(Role.EDITOR):
        raise RoleRequiredError(f"This needs the role {Role.EDITOR} or a higher one.")
    return user


Guest = Annotated[GuestToken, Depends(guest_token)]
GuestOrEditor = Annotated[GuestToken | Principal, Depends(guest_or_editor)]
EditorIfAny = Annotated[Principal | None, Depends(editor_or_anybody)]
CREDENTIAL_ERRORS = (InvalidTokenError, RoleRequiredError)
