"""Two numbers of every request: how long it took, and how it ended."""

from prometheus_client import Counter, Histogram

from stitch_common.http.metrics import DURATION, METHODS

OUTCOMES = Counter(
    "stitch_gateway_requests_total",
    "Requests by route template and by how they ended",
    ["route", "outcome"],
)


class Numbers:
    """Counts requests; looking up the children of a metric costs more than counting with them."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, int, str], tuple[Histogram, Counter]] = {}

    def count(self, method: str, route: str, outcome: str, *, status: int, seconds: float) -> None:
        key = (method, route, status, outcome)
        found = self._found.get(key)
        if found is None:
            shown = method if method in METHODS else "other"
            found = (DURATION.labels(shown, route, str(status)), OUTCOMES.labels(route, outcome))
            self._found[key] = found
        duration, ended = found
        duration.observe(seconds)
        ended.inc()
