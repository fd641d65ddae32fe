"""Which limit a class of routes has."""

from dataclasses import dataclass
from datetime import timedelta

from stitch_common.limits.models import Limit
from stitch_gateway.routing.models import RouteClass

NETWORK = "network"
"""Not a class of routes: everything that one network asks."""


@dataclass(frozen=True, slots=True)
class Quota:
    """So many in a window; shared by all gateways, or for each gateway by itself."""

    most: int
    window: timedelta
    is_shared: bool = False

    def limit(self, name: str) -> Limit:
        return Limit(name, self.most, self.window)

    def times(self, scale: float) -> "Quota":
        return Quota(max(1, round(self.most * scale)), self.window, self.is_shared)


MINUTE = timedelta(minutes=1)

QUOTAS = {
    NETWORK: Quota(6000, MINUTE),
    RouteClass.READ: Quota(1200, MINUTE),
    RouteClass.WRITE: Quota(600, MINUTE),
    RouteClass.GUEST: Quota(600, MINUTE),
    RouteClass.IMPORT: Quota(30, MINUTE),
    RouteClass.LOG_IN: Quota(300, MINUTE, is_shared=True),
    RouteClass.MAIL: Quota(120, MINUTE, is_shared=True),
    RouteClass.PROMPT: Quota(60, MINUTE, is_shared=True),
}
"""Ordinary use does not come near; what costs money, mail or hashing is counted by all together."""
