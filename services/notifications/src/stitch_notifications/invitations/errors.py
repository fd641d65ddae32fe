"""What can be wrong with a batch that somebody names."""

from stitch_common.errors import ErrorKind, StitchError


class BatchNotFoundError(StitchError):
    """There is no such batch."""

    kind = ErrorKind.NOT_FOUND
    code = "batch-not-found"
