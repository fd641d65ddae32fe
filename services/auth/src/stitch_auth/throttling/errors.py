"""Errors of throttling."""

from stitch_common.errors import ErrorKind, StitchError


class ThrottledError(StitchError):
    """There were too many attempts; wait a little."""

    kind = ErrorKind.THROTTLED
    code = "quota-exceeded"
