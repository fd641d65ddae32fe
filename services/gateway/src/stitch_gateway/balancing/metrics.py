"""What operators see of the choice among addresses, by service."""

from prometheus_client import Counter, Gauge

from stitch_gateway.balancing.breaker import State

BREAKER = Gauge(
    "stitch_gateway_breaker_state",
    "0 closed: requests pass; 1 half-open: one goes and sees; 2 open: all are refused at once",
    ["upstream"],
)
BREAKER_CHANGES = Counter(
    "stitch_gateway_breaker_changes_total", "Changes of a breaker's state", ["upstream", "state"]
)
ADDRESSES = Gauge(
    "stitch_gateway_addresses",
    "Addresses of a service, asked or passed over",
    ["upstream", "state"],
)
PASSED_OVER = Counter(
    "stitch_gateway_addresses_passed_over_total",
    "How often an address was passed over for a while",
    ["upstream"],
)
RETRIES = Counter(
    "stitch_gateway_retries_total",
    "Requests sent again, or not because too many were",
    ["upstream", "outcome"],
)
LEVEL = {State.CLOSED: 0, State.HALF_OPEN: 1, State.OPEN: 2}
