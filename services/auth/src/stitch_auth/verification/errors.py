"""Errors of verification."""

from stitch_common.errors import ErrorKind, StitchError


class LinkAlreadyUsedError(StitchError):
    """This address is confirmed already; you can log in."""

    kind = ErrorKind.CONFLICT
    code = "link-already-used"


class EmailTakenError(StitchError):
    """Somebody else has an account with this address by now."""

    kind = ErrorKind.CONFLICT
    code = "email-taken"
