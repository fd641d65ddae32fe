"""What operators may change of limits."""

from typing import Self

from pydantic import Field, model_validator

from stitch_common.settings import ServiceSettings
from stitch_gateway.limits.models import Quota
from stitch_gateway.limits.rules import quotas_of

DEV_SCALE = 10.0
"""On one's own machine one address is everybody."""


class LimitSettings(ServiceSettings):
    """How much each may ask."""

    limits_on: bool = True
    limits: dict[str, str] = Field(default_factory=dict)
    """Other limits than the defaults: `{"read": "1200/60", "mail": "off"}`."""
    limits_scale: float | None = Field(default=None, gt=0)
    """What the defaults are multiplied by; unset: 10 in dev, else 1."""

    @model_validator(mode="after")
    def _know_limits(self) -> Self:
        if self.limits_scale is None:
            self.limits_scale = DEV_SCALE if self.environment == "dev" else 1.0
        for name, quota in self.quotas.items():
            quota.limit(name)  # says at the start what is wrong with it
        return self

    @property
    def quotas(self) -> dict[str, Quota]:
        """By name of the limit; what is not in it is not limited."""
        return quotas_of(self.limits, scale=self.limits_scale or 1.0) if self.limits_on else {}
