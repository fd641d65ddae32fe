"""Errors of sessions."""

from stitch_common.errors import ErrorKind, StitchError


class InvalidCredentialsError(StitchError):
    """The username or the password is wrong."""

    kind = ErrorKind.UNAUTHENTICATED
    code = "invalid-credentials"

    def __init__(self) -> None:
        super().__init__(extra={"error": "invalid_grant"})  # for OAuth clients, RFC 6749 §5.2


class EmailNotVerifiedError(StitchError):
    """Confirm your e-mail address first: follow the link in the mail, or ask for another one."""

    kind = ErrorKind.FORBIDDEN
    code = "email-not-verified"


class AccountDeactivatedError(StitchError):
    """This account was deactivated; ask an admin."""

    kind = ErrorKind.FORBIDDEN
    code = "account-deactivated"


class UnsupportedGrantError(StitchError):
    """This grant type is not supported; use password or client_credentials."""

    kind = ErrorKind.BAD_REQUEST
    code = "unsupported-grant-type"

    def __init__(self) -> None:
        super().__init__(extra={"error": "unsupported_grant_type"})


class CrossSiteError(StitchError):
    """This was sent by a page of another site."""

    kind = ErrorKind.FORBIDDEN
    code = "cross-site"


class NotJSONError(StitchError):
    """Send application/json, or no body and an X-Requested-With header."""

    kind = ErrorKind.UNSUPPORTED_MEDIA
    code = "not-json"


class SessionNotFoundError(StitchError):
    """You have no such session."""

    kind = ErrorKind.NOT_FOUND
    code = "session-not-found"
