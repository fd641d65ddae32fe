"""Errors of the second factor."""

from stitch_common.errors import ErrorKind, StitchError


class MFARequiredError(StitchError):
    """Send the code of your authenticator app, or a recovery code, as otp as well."""

    kind = ErrorKind.UNAUTHENTICATED
    code = "mfa_required"

    def __init__(self) -> None:
        super().__init__(extra={"error": "mfa_required"})


class WrongCodeError(StitchError):
    """This code is wrong, or was used already."""

    kind = ErrorKind.UNAUTHENTICATED
    code = "wrong-code"

    def __init__(self) -> None:
        super().__init__(extra={"error": "invalid_grant"})


class MFAEnabledError(StitchError):
    """You have a second factor already; remove it first."""

    kind = ErrorKind.CONFLICT
    code = "mfa-enabled"


class MFANotStartedError(StitchError):
    """There is no second factor here; begin with POST /me/mfa/totp."""

    kind = ErrorKind.NOT_FOUND
    code = "mfa-not-started"


class NoSecondFactorError(StitchError):
    """There is no such user, or this user has no second factor."""

    kind = ErrorKind.NOT_FOUND
    code = "no-second-factor"
