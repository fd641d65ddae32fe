"""How pages speak of times."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stitch_events.pages.rules import ZONES, known_zone, moment, when

START = datetime(2026, 6, 20, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "zone", "said"),
    [
        (5, "Europe/Berlin", ("Saturday, 20 June 2026", "18:00", "23:00", "Berlin time, UTC+2")),
        (0, "UTC", ("Saturday, 20 June 2026", "16:00", "", "UTC")),
        (2, "Asia/Kathmandu", ("Saturday, 20 June 2026", "21:45", "23:45",
                               "Kathmandu time, UTC+5:45")),
        (3, "America/St_Johns", ("Saturday, 20 June 2026", "13:30", "16:30",
                                 "St Johns time, UTC-2:30")),
        (9, "Europe/Berlin", ("Saturday, 20 June 2026", "18:00", "Sunday, 21 June 2026, 03:00",
                              "Berlin time, UTC+2")),
    ],
)  # fmt: skip
def test_when_is_said_in_the_words_of_a_zone(
    hours: int, zone: str, said: tuple[str, str, str, str]
) -> None:
    spoken = when(START, START + timedelta(hours=hours), zone)

    assert (spoken.day, spoken.begins, spoken.ends, spoken.place) == said


@given(at=st.datetimes(datetime(1970, 1, 2), datetime(8999, 12, 30), timezones=st.just(UTC)))  # noqa: DTZ001 - naive bounds, aware values
def test_every_time_can_be_said_in_every_zone(at: datetime) -> None:
    for zone in ZONES:
        assert when(at, at, zone).place
        assert moment(at, zone)


def test_only_zones_of_the_list_are_known() -> None:
    assert known_zone("Asia/Tokyo") == "Asia/Tokyo"
    assert known_zone("../../etc/passwd") == ""
