"""What a caller is told when a service does not answer as it should."""

from stitch_common.errors import ErrorKind, StitchError


class UpstreamUnreachableError(StitchError):
    """This part of Stitch can't be reached at the moment; try again shortly."""

    kind = ErrorKind.UNAVAILABLE
    code = "service-unavailable"


class UpstreamTimeoutError(StitchError):
    """This part of Stitch did not answer in time."""

    kind = ErrorKind.TIMEOUT
    code = "service-timeout"


class UpstreamBrokenError(StitchError):
    """This part of Stitch broke off instead of answering."""

    kind = ErrorKind.BAD_GATEWAY
    code = "service-broke-off"
