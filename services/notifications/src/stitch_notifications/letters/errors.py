"""Why a letter can't be written."""

from stitch_common.errors import ErrorKind, StitchError


class UnwritableLetterError(StitchError):
    """What this mail is about is not known here."""

    kind = ErrorKind.CONFLICT
    code = "unwritable-letter"


class GuestNotFoundError(StitchError):
    """There is no such guest."""

    kind = ErrorKind.NOT_FOUND
    code = "guest-not-found"
