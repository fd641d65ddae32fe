"""Errors of accounts."""

from stitch_common.errors import ErrorKind, StitchError


class UserNotFoundError(StitchError):
    """There is no such user."""

    kind = ErrorKind.NOT_FOUND
    code = "user-not-found"


class AccountUnusableError(StitchError):
    """This account was deactivated or removed."""

    kind = ErrorKind.UNAUTHENTICATED
    code = "account-unusable"


class LastAdminError(StitchError):
    """This is the last active admin; make somebody else an admin first."""

    kind = ErrorKind.CONFLICT
    code = "last-admin"


class PreferencesTooLargeError(StitchError):
    """All preferences together take at most 16 KiB."""

    kind = ErrorKind.INVALID
    code = "preferences-too-large"
