"""Which fields and orders a list has, and where a day ends."""

from datetime import UTC, date, datetime, timedelta

import pytest

from stitch_common.http.problems import InvalidQueryError
from stitch_content.listing.rules import FIELDS, Order, beginning, end, fields_of, order_of


def test_the_default_order_is_newest_first_or_best_match() -> None:
    assert order_of(None, searching=False) == Order("created_at", descending=True)
    assert order_of(None, searching=True) == Order("relevance", descending=True)
    assert order_of("title", searching=True) == Order("title", descending=False)


@pytest.mark.parametrize("sort", ["", "-", "body", "created_at desc", "relevance", "--title"])
def test_an_unknown_order_is_refused_with_those_that_exist(sort: str) -> None:
    with pytest.raises(InvalidQueryError, match="-published_at"):
        order_of(sort, searching=False)


def test_fields_are_chosen_by_name() -> None:
    assert fields_of(None) == FIELDS
    assert fields_of("title, id") == ["id", "title"]
    with pytest.raises(InvalidQueryError, match="meta_title"):
        fields_of("id,password")


def test_a_day_holds_all_its_moments() -> None:
    day, noon = date(2026, 3, 2), datetime(2026, 3, 2, 12, tzinfo=UTC)

    assert beginning(day) == datetime(2026, 3, 2, tzinfo=UTC)
    assert end(day) == datetime(2026, 3, 3, tzinfo=UTC)
    assert (beginning(noon), end(noon)) == (noon, noon + timedelta(microseconds=1))
    assert (beginning(None), end(None)) == (None, None)
