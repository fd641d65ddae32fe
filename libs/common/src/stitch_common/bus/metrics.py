"""What the bus tells Prometheus."""

from contextlib import suppress

from prometheus_client import Counter, Gauge, Histogram

OUTBOX_PENDING = Gauge("stitch_outbox_pending", "Facts that wait to be published", ["service"])
OUTBOX_OLDEST = Gauge(
    "stitch_outbox_oldest_seconds", "Age of the oldest fact that waits", ["service"]
)
OLDEST_TRANSACTION = Gauge(
    "stitch_outbox_oldest_transaction_seconds",
    "Age of the service's oldest transaction; an open one holds the relay back",
    ["service"],
)
BATCH_SIZE = Histogram(
    "stitch_outbox_batch_size",
    "Facts published at once",
    ["service"],
    buckets=(1, 2, 4, 8, 16, 64, 256, 1000),
)
PUBLISH_SECONDS = Histogram(
    "stitch_outbox_publish_seconds", "Until the stream acknowledged a batch", ["service"]
)
TOO_LARGE = Counter(
    "stitch_outbox_too_large_total", "Facts left out: the broker takes none so large", ["service"]
)
HEALS = Counter(
    "stitch_outbox_heals_total", "Times the stream had lost acknowledged facts", ["service"]
)
RESTORES = Counter(
    "stitch_outbox_restores_total", "Times the outbox came from another cluster", ["service"]
)
CONSUMER_LAG = Gauge("stitch_consumer_lag", "Facts that a consumer has not seen", ["consumer"])
CONSUMER_UNSETTLED = Gauge(
    "stitch_consumer_ack_pending", "Facts delivered and not acknowledged", ["consumer"]
)
REDELIVERIES = Counter("stitch_consumer_redeliveries_total", "Facts that came again", ["consumer"])
WORKERS_WAITING = Gauge(
    "stitch_consumer_workers_waiting", "Workers without a fact to handle", ["consumer"]
)
HANDLED = Counter(
    "stitch_consumer_handled_total", "Facts by what became of them", ["consumer", "outcome"]
)
RESCUED = Counter(
    "stitch_consumer_rescued_total", "Facts that the broker gave up, parked after all", ["consumer"]
)
HANDLE_SECONDS = Histogram("stitch_consumer_handle_seconds", "Time a handler took", ["consumer"])
DEAD_LETTERS = Gauge("stitch_dlq_messages", "Parked facts", ["consumer"])


def forget_outbox(service: str) -> None:
    """Tell nothing more about an outbox that another process's relay looks after now."""
    for gauge in (OUTBOX_PENDING, OUTBOX_OLDEST, OLDEST_TRANSACTION):
        with suppress(KeyError):
            gauge.remove(service)
