"""What can be wrong with suggestions."""

from stitch_common.errors import ErrorKind, StitchError


class AIUnavailableError(StitchError):
    """No AI provider answers at the moment."""

    kind = ErrorKind.UNAVAILABLE
    code = "ai_unavailable"


class AIRefusedError(StitchError):
    """The AI service refused to read this item."""

    kind = ErrorKind.CONFLICT
    code = "ai-refused"


class NothingToReadError(StitchError):
    """This item has no text yet that something could be suggested for."""

    kind = ErrorKind.CONFLICT
    code = "nothing-to-read"


class NothingSuggestedError(StitchError):
    """There is no such suggestion for this item; ask for some first."""

    kind = ErrorKind.CONFLICT
    code = "nothing-suggested"


class MustKnowVersionError(StitchError):
    """Say with If-Match which version of the item you have read."""

    kind = ErrorKind.PRECONDITION_REQUIRED
    code = "version-required"
