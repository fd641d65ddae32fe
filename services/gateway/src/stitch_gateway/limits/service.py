"""Limits in the way of a request."""

from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic

from prometheus_client import Counter

from stitch_common.limits.answers import refusal, standing
from stitch_common.limits.counters import HITS, SharedCounters
from stitch_common.limits.local import LocalCounter
from stitch_common.limits.models import Limit
from stitch_common.limits.networks import network_of
from stitch_common.security.principals import Principal
from stitch_gateway.intake.head import Fields
from stitch_gateway.limits.models import NETWORK, Quota
from stitch_gateway.routing.models import Route, RouteClass


@dataclass(frozen=True, slots=True)
class _Kept:
    """A limit in force, with what never changes of it at hand."""

    limit: Limit
    is_shared: bool
    local: LocalCounter
    policy: tuple[bytes, bytes]
    admitted: Counter
    refused: Counter

    @classmethod
    def of(cls, name: str, quota: Quota) -> "_Kept":
        limit = quota.limit(name)
        policy = (b"ratelimit-policy", limit.policy.encode())
        outcomes = (HITS.labels(name, outcome) for outcome in ("admitted", "refused"))
        return cls(limit, quota.is_shared, LocalCounter(limit, monotonic), policy, *outcomes)


class RateLimits:
    """Counts what is asked: for a principal where there is one, else for its network."""

    def __init__(self, shared: SharedCounters, quotas: Mapping[str, Quota]) -> None:
        self._shared = shared
        self._kept = {name: _Kept.of(name, quota) for name, quota in quotas.items()}
        self._network = self._kept.get(NETWORK)

    def knock(self, route: Route, client: str) -> None:
        """Count a request before any work is done for it; QuotaExceededError refuses a flood."""
        kept = self._network
        if kept is None or route.limited_as is RouteClass.PROBE:
            return
        verdict = kept.local.hit(network_of(client))
        if not verdict.is_admitted:  # that others are admitted the count of all requests tells
            kept.refused.inc()
            raise refusal([(kept.limit, verdict)])

    async def admit(
        self, route: Route, method: str, *, client: str, principal: Principal | None
    ) -> Fields:
        """What the answer tells about the limit; QuotaExceededError refuses."""
        kept = self._kept.get(route.class_of(method))
        if kept is None:
            return []
        who = network_of(client) if principal is None else f"user:{principal.user_id}"
        if kept.is_shared:
            verdict = await self._shared.hit(kept.limit, who)
        else:
            verdict = kept.local.hit(who)
            (kept.admitted if verdict.is_admitted else kept.refused).inc()
        if not verdict.is_admitted:
            raise refusal([(kept.limit, verdict)])
        return [kept.policy, (b"ratelimit", standing(kept.limit, verdict).encode())]
