"""Errors of API keys."""

from stitch_common.errors import ErrorKind, StitchError


class APIKeyNotFoundError(StitchError):
    """There is no such API key."""

    kind = ErrorKind.NOT_FOUND
    code = "api-key-not-found"


class PersonRequiredError(StitchError):
    """Log in yourself to make an API key: one that made others would outlive its own end."""

    kind = ErrorKind.FORBIDDEN
    code = "person-required"


class InvalidClientError(StitchError):
    """The API key is unknown, expired or revoked, or its secret is wrong."""

    kind = ErrorKind.UNAUTHENTICATED
    code = "invalid-client"

    def __init__(self) -> None:
        super().__init__(extra={"error": "invalid_client"})  # RFC 6749 §5.2
