"""Why the gateway ends a request in its middle."""

from stitch_common.errors import ErrorKind, StitchError


class AdmissionTookTooLongError(StitchError):
    """It could not be found out in time whether you may do this; try again shortly."""

    kind = ErrorKind.UNAVAILABLE
    code = "admission-unavailable"


class AnswerCutShortError(Exception):
    """The service broke off in the middle of its answer; the client must see that it did."""

    outcome = "cut-short"


class AdmissionEndedError(AnswerCutShortError):
    """The session was revoked, or the token has expired, while the answer went on (S40)."""

    outcome = "admission-ended"
