"""Why a request is not even tried."""

from stitch_common.errors import ErrorKind, StitchError


class UpstreamRestingError(StitchError):
    """This part of Stitch has failed repeatedly and is left alone for a moment; try again soon."""

    kind = ErrorKind.UNAVAILABLE
    code = "service-resting"
