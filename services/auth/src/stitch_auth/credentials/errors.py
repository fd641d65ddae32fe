"""Errors of credentials."""

from stitch_common.errors import ErrorKind, FieldError, StitchError


class WrongPasswordError(StitchError):
    """This is not your current password."""

    kind = ErrorKind.FORBIDDEN
    code = "wrong-password"

    def __init__(self, field: str) -> None:
        super().__init__(errors=[FieldError(f"/{field}", self.sentence())])


class AccountGoneError(StitchError):
    """This account was deactivated or removed."""

    kind = ErrorKind.UNAUTHENTICATED
    code = "account-unusable"
