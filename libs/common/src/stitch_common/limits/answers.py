"""What callers are told of limits (draft-ietf-httpapi-ratelimit-headers-10)."""

from collections.abc import Sequence

from stitch_common.errors import ErrorKind, StitchError
from stitch_common.limits.models import Limit, Verdict


class QuotaExceededError(StitchError):
    """There were too many requests; wait a little."""

    kind = ErrorKind.THROTTLED
    code = "quota-exceeded"


def standing(limit: Limit, verdict: Verdict) -> str:
    """The `RateLimit` of a caller: what is left, and in how many seconds it will be more."""
    return f'"{limit.name}";r={verdict.remaining};t={verdict.whole_seconds}'


def refusal(refused: Sequence[tuple[Limit, Verdict]]) -> QuotaExceededError:
    """The error for a request that these limits did not admit."""
    seconds = max(verdict.whole_seconds for _, verdict in refused)
    return QuotaExceededError(
        f"There were too many requests; try again in {seconds} s.",
        extra={"violated-policies": [limit.name for limit, _ in refused]},
        headers={
            "retry-after": str(seconds),
            "ratelimit-policy": ", ".join(limit.policy for limit, _ in refused),
            "ratelimit": ", ".join(standing(limit, verdict) for limit, verdict in refused),
        },
    )
