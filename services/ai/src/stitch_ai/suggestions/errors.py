"""Why nothing is suggested."""

from stitch_common.errors import ErrorKind, StitchError


class UnusableAnswerError(StitchError):
    """The AI provider's answer was not in the form that was asked for."""

    kind = ErrorKind.UNAVAILABLE
    code = "unusable-answer"
