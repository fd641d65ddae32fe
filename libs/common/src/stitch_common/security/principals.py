"""Who is asking."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from stitch_common.errors import ErrorKind, StitchError


class Role(StrEnum):
    """`admin` > `editor` > `viewer`: each may do what the next one may."""

    ADMIN = "admin"
    EDITOR = "editor"
    VIEWER = "viewer"

    def covers(self, needed: "Role") -> bool:
        """Whether this role may do what `needed` may."""
        order = list(Role)
        return order.index(self) <= order.index(needed)


OF_KEYS = "api-"
"""How the sessions of API keys begin; those of people are hexadecimal."""


class Principal(NamedTuple):
    """The owner of a verified access token (RFC 9068)."""

    user_id: int
    username: str
    role: Role
    scope: frozenset[str]
    client_id: str
    session_id: str
    token_id: str
    issued_at: datetime
    expires_at: datetime
    key_id: str = ""
    """Of the key that has signed the token."""

    @property
    def is_program(self) -> bool:
        """Whether it acts by an API key, which has no session that ends with its owner's."""
        return self.session_id.startswith(OF_KEYS)


class NotAuthenticatedError(StitchError):
    """Log in and send the access token as a Bearer credential."""

    kind = ErrorKind.UNAUTHENTICATED
    code = "not-authenticated"


class InvalidTokenError(StitchError):
    """The access token is malformed, expired, revoked, or not for this service."""

    kind = ErrorKind.UNAUTHENTICATED
    code = "invalid-token"


class RoleRequiredError(StitchError):
    """Your role does not allow this."""

    kind = ErrorKind.FORBIDDEN
    code = "role-required"
