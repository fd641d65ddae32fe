"""Admission: nobody passes by a failure, and no credential goes where it is not wanted."""

import re
from dataclasses import dataclass

from stitch_common.security.principals import (
    InvalidTokenError,
    NotAuthenticatedError,
    Principal,
)
from stitch_common.security.tokens import TokenVerifier
from stitch_gateway.authentication.errors import GuestTokenRequiredError
from stitch_gateway.routing.models import Access

CREDENTIAL = re.compile(rb"(?P<scheme>[A-Za-z]{1,16}) +(?P<token>[A-Za-z0-9._~+/-]+=*)")
"""RFC 9110 §11.4 with a token68, which all our schemes use."""
GUEST_CHALLENGE = 'RSVP realm="stitch"'


@dataclass(frozen=True, slots=True)
class Admission:
    """Who asks, and the credential that the service will check again."""

    principal: Principal | None = None
    authorization: bytes | None = None


ANONYMOUS = Admission()


class Guard:
    """Lets requests pass to routes."""

    def __init__(self, verifier: TokenVerifier) -> None:
        self._verifier = verifier

    async def admit(self, access: Access, authorization: bytes | None) -> Admission:
        """Who may pass; otherwise an error of the kind UNAUTHENTICATED.

        Where a route takes no such credential it is dropped, not judged: a stale access token
        must not keep anybody from logging in. Where it takes one, a bad one is refused even if
        the route is public: an editor would otherwise become an anonymous guest unnoticed.
        """
        given = CREDENTIAL.fullmatch(authorization or b"")
        scheme = given["scheme"].decode().lower() if given else ""
        if given is None or scheme not in access.schemes:
            is_garbled = authorization is not None and given is None
            if access.is_open and not (is_garbled and access.schemes):
                return ANONYMOUS
            raise _refusal(access, was_given=authorization is not None)
        if scheme != "bearer":
            return Admission(authorization=authorization)
        principal = await self._verifier.verify(given["token"].decode())
        return Admission(principal, authorization)


def _refusal(access: Access, *, was_given: bool) -> Exception:
    if "bearer" not in access.schemes:
        return GuestTokenRequiredError(headers={"www-authenticate": GUEST_CHALLENGE})
    return InvalidTokenError() if was_given else NotAuthenticatedError()
