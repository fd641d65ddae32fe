"""Why a prompt is not answered."""

from stitch_common.errors import ErrorKind, StitchError


class PromptTooLargeError(StitchError):
    """Prompt and context are larger than the model can read."""

    kind = ErrorKind.TOO_LARGE
    code = "prompt-too-large"


class ModelFailedError(Exception):
    """A model gave no answer; the next provider may."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)
