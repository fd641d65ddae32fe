"""Facts of the ai service."""

from typing import ClassVar

from stitch_common.contracts.base import Fact, UTCDatetime


class _GenerationFact(Fact):
    aggregate: ClassVar[str] = "generation_id"

    generation_id: str
    user_id: int
    provider: str
    model: str
    at: UTCDatetime


class GenerationCompleted(_GenerationFact):
    """A model has answered."""

    subject: ClassVar[str] = "stitch.ai.generation.completed.v1"

    prompt_tokens: int
    completion_tokens: int


class GenerationFailed(_GenerationFact):
    """No model has answered."""

    subject: ClassVar[str] = "stitch.ai.generation.failed.v1"

    reason: str


class ProviderChanged(Fact):
    """A provider was added, changed or removed."""

    subject: ClassVar[str] = "stitch.ai.provider.changed.v1"
    aggregate: ClassVar[str] = "provider_id"

    provider_id: int
    version: int
    removed: bool
    at: UTCDatetime


class QuotaExceeded(Fact):
    """Somebody has used up what they may spend today."""

    subject: ClassVar[str] = "stitch.ai.quota.exceeded.v1"
    aggregate: ClassVar[str] = "user_id"

    user_id: int
    at: UTCDatetime
