"""What can't be done with a mail now."""

from stitch_common.errors import ErrorKind, StitchError


class CommunicationNotFoundError(StitchError):
    """There is no such mail."""

    kind = ErrorKind.NOT_FOUND
    code = "communication-not-found"


class NotRetryableError(StitchError):
    """Only a mail that has failed, was cancelled or waits for its next attempt can be retried."""

    kind = ErrorKind.CONFLICT
    code = "not-retryable"


class NotCancellableError(StitchError):
    """Only a mail that still waits can be cancelled."""

    kind = ErrorKind.CONFLICT
    code = "not-cancellable"
