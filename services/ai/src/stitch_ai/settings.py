"""Configuration of the ai service."""

from pydantic import Field

from stitch_common.settings import StoredServiceSettings


class AISettings(StoredServiceSettings):
    """What the ai service needs beyond the defaults."""

    local_concurrency: int = Field(default=2, ge=1)
    """How many texts the built-in provider reads at once; each keeps a processor busy."""
