"""Providers and models as they are shown."""

from pydantic import AwareDatetime, BaseModel, ConfigDict

from stitch_ai.providers.models import ProviderKind


class AllowedModel(BaseModel):
    """A model that a provider may run; prices are for a million tokens, in US dollars."""

    name: str
    context_tokens: int
    input_price: float
    output_price: float


class ProviderView(BaseModel):
    """A provider without its key."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    kind: ProviderKind
    base_url: str | None
    models: list[AllowedModel]
    default_model: str
    position: int
    is_active: bool
    is_default: bool
    has_api_key: bool
    created_at: AwareDatetime
    updated_at: AwareDatetime
    version: int


class ModelView(AllowedModel):
    """A model that may be asked for."""

    provider: str
    is_default: bool
    """Used where no model is named."""
