"""What an outcome means for a fact."""

from datetime import timedelta

import asyncpg
import pytest
from sqlalchemy.exc import OperationalError

from stitch_common.bus.consumer import Patience
from stitch_common.bus.settlement import (
    LONGEST_DELAY,
    LONGEST_OUTAGE_DELAY,
    MalformedFactError,
    Park,
    Retry,
    Settlement,
    delay,
    settle,
)
from stitch_common.bus.topology import MAX_DELIVER
from stitch_common.errors import ErrorKind, StitchError


class MailServerAwayError(StitchError):
    """The mail server does not answer."""

    kind = ErrorKind.UNAVAILABLE
    code = "mail-server-away"


class NoSuchEventError(StitchError):
    """There is no such event."""

    kind = ErrorKind.NOT_FOUND
    code = "no-such-event"


class Interrupted(Exception):  # noqa: N818 - what a driver calls it
    sqlstate = "57P01"


def decide(error: Exception, *, failures: int = 1, delivered: int = 1) -> Settlement:
    return settle(error, failures=failures, delivered=delivered, patience=Patience(tries=5))


@pytest.mark.parametrize("error", [MailServerAwayError(), KeyError("a bug")])
def test_what_may_work_later_is_tried_again(error: Exception) -> None:
    settlement = decide(error)

    assert isinstance(settlement, Retry)
    assert not settlement.blames_infrastructure


@pytest.mark.parametrize("error", [NoSuchEventError(), MalformedFactError("no JSON")])
def test_what_will_never_work_is_parked_with_its_reason(error: Exception) -> None:
    assert decide(error) == Park(f"{type(error).__name__}: {error}")


def test_the_last_try_parks() -> None:
    assert isinstance(decide(KeyError(), failures=4), Retry)
    assert isinstance(decide(KeyError(), failures=5), Park)


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(),
        TimeoutError(),
        asyncpg.ConnectionDoesNotExistError(),
        asyncpg.TooManyConnectionsError(),
        OperationalError("select 1", {}, Interrupted()),
    ],
)
def test_a_server_that_is_away_is_no_fault_of_the_fact(error: Exception) -> None:
    settlement = decide(error, failures=900, delivered=900)

    assert isinstance(settlement, Retry)
    assert settlement.blames_infrastructure
    assert settlement.seconds <= LONGEST_OUTAGE_DELAY


def test_the_brokers_own_end_of_tries_parks_whatever_the_reason() -> None:
    assert isinstance(decide(ConnectionRefusedError(), delivered=MAX_DELIVER), Park)


def test_delays_grow_and_stay_bounded() -> None:
    seconds = [delay(failures) for failures in range(1, 40)]

    assert 0.8 <= seconds[0] <= 1.2
    assert all(later > sooner for sooner, later in zip(seconds[:5], seconds[2:7], strict=True))
    assert max(seconds) <= LONGEST_DELAY * 1.2


def test_a_consumer_may_begin_with_another_delay() -> None:
    patience = Patience(first_delay=timedelta(milliseconds=10))

    settlement = settle(KeyError(), failures=1, delivered=1, patience=patience)

    assert isinstance(settlement, Retry)
    assert settlement.seconds < 0.02
