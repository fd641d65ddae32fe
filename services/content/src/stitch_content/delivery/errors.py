"""What can be refused to the public."""

from stitch_common.errors import ErrorKind, StitchError


class NotPublishedError(StitchError):
    """Nothing is published under this address."""

    kind = ErrorKind.NOT_FOUND
    code = "not-published"
