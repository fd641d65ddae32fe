"""What a failure means: try again later, or park."""

import random
import socket
from dataclasses import dataclass

from asyncpg import InterfaceError, InternalClientError
from nats.errors import Error as NatsError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from stitch_common.bus.consumer import Patience
from stitch_common.bus.topology import MAX_DELIVER
from stitch_common.errors import ErrorKind, StitchError

LONGEST_DELAY = 60.0
"""Delayed facts count against the consumer's `max_ack_pending`: long waits belong into rows."""

LONGEST_OUTAGE_DELAY = 10.0
"""Shorter, for everything waits until the server is back, and nothing else is done meanwhile."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Later it may work."""

    seconds: float
    blames_infrastructure: bool = False


@dataclass(frozen=True, slots=True)
class Park:
    """It will never work without somebody's help."""

    reason: str


_AWAY = ("08", "53", "57P")
"""SQLSTATE: connection exceptions, insufficient resources, shut down or starting."""

_UNREACHABLE = (
    ConnectionError,
    TimeoutError,
    socket.gaierror,
    NatsError,
    PoolTimeoutError,
    InterfaceError,
    InternalClientError,
)

Settlement = Retry | Park


class MalformedFactError(Exception):
    """What came is not the fact that its headers say."""


class HandlerTooSlowError(Exception):
    """The handler took longer than its consumer allows."""


def settle(error: Exception, *, failures: int, delivered: int, patience: Patience) -> Settlement:
    """Decide by the latest attempt, the `failures`th in a row with the same one to blame."""
    if is_final(error) or delivered >= MAX_DELIVER:
        return Park(describe(error))
    seconds = delay(failures, patience.first_delay.total_seconds())
    if is_infrastructure(error):
        return Retry(min(seconds, LONGEST_OUTAGE_DELAY), blames_infrastructure=True)
    return Park(describe(error)) if failures >= patience.tries else Retry(seconds)


def is_final(error: Exception) -> bool:
    if isinstance(error, StitchError):
        return error.kind not in {ErrorKind.UNAVAILABLE, ErrorKind.TIMEOUT}
    return isinstance(error, MalformedFactError)


def is_infrastructure(error: Exception) -> bool:
    """Whether no fact could have been handled, because a server of ours is away."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    driver_error = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(driver_error, "sqlstate", None) or ""
    return state.startswith(_AWAY) or isinstance(driver_error, _UNREACHABLE)


def is_explained(error: Exception) -> bool:
    """Whether its name and sentence say enough; anything else is a bug, and needs its traceback."""
    known = isinstance(error, StitchError | MalformedFactError | HandlerTooSlowError)
    return known or is_infrastructure(error)


def delay(failures: int, first: float = 1.0) -> float:
    """Seconds until the next attempt: 1, 2, 4 … 60, spread so that waiting facts don't march."""
    spread = random.uniform(0.8, 1.2)  # noqa: S311 - nothing to guess here
    return min(LONGEST_DELAY, first * 2.0 ** min(failures - 1, 20)) * spread


def describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]
