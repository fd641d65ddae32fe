"""What a caller is told when a service does not answer as it should."""

from stitch_common.errors import ErrorKind, StitchError


class UpstreamError(StitchError):
    """This part of Stitch did not answer as it should."""

    address: object | None = None
    """Which one of several failed, if that is known."""


class UpstreamUnreachableError(UpstreamError):
    """This part of Stitch can't be reached at the moment; try again shortly."""

    kind = ErrorKind.UNAVAILABLE
    code = "service-unavailable"


class UpstreamBusyError(UpstreamUnreachableError):
    """All connections to this part of Stitch are in use; try again shortly."""

    code = "service-busy"


class UpstreamTimeoutError(UpstreamError):
    """This part of Stitch did not answer in time."""

    kind = ErrorKind.TIMEOUT
    code = "service-timeout"


class ConnectTimeoutError(UpstreamTimeoutError):
    """This part of Stitch could not be reached in time."""


class UpstreamBrokenError(UpstreamError):
    """This part of Stitch broke off instead of answering."""

    kind = ErrorKind.BAD_GATEWAY
    code = "service-broke-off"
