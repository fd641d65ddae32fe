"""What can be wrong with the choice of a provider."""

from stitch_common.errors import ErrorKind, StitchError


class ModelNotAllowedError(StitchError):
    """No active provider may run this model; GET /api/ai/models lists those that may be used."""

    kind = ErrorKind.FORBIDDEN
    code = "model-not-allowed"


class AIUnavailableError(StitchError):
    """No AI provider answers at the moment."""

    kind = ErrorKind.UNAVAILABLE
    code = "ai_unavailable"
