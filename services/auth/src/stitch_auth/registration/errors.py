"""Errors of registration."""

from stitch_common.errors import ErrorKind, StitchError


class RegistrationClosedError(StitchError):
    """New accounts can't be registered here; ask an admin for one."""

    kind = ErrorKind.FORBIDDEN
    code = "registration-closed"


class InvitationRequiredError(StitchError):
    """New accounts are by invitation only; ask an admin for one."""

    kind = ErrorKind.FORBIDDEN
    code = "invitation-required"


class UsernameTakenError(StitchError):
    """This username is taken; choose another one."""

    kind = ErrorKind.CONFLICT
    code = "username-taken"


class EmailKnownError(StitchError):
    """There is an account with this e-mail address."""

    kind = ErrorKind.CONFLICT
    code = "email-known"
