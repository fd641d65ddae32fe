"""Errors of refreshing."""

from stitch_common.errors import ErrorKind, StitchError


class InvalidRefreshTokenError(StitchError):
    """The session has ended, or this is not its refresh token; log in again."""

    kind = ErrorKind.UNAUTHENTICATED
    code = "invalid-refresh-token"

    def __init__(self) -> None:
        super().__init__(extra={"error": "invalid_grant"})
