"""Which suggestion goes where, and that it fits."""

import pytest

from stitch_content.suggestions.rules import Field, values_of

LONG = {
    "titles": ["t" * 900],
    "meta_description": "m" * 900,
    "summary": "s" * 9000,
    "keywords": [f"keyword number {n}" for n in range(80)] + ["k" * 51],
}
NOTHING = {"titles": [], "meta_description": "", "summary": "", "keywords": []}


@pytest.mark.parametrize("field", list(Field))
def test_what_is_suggested_fits_into_its_field(field: Field) -> None:
    value = values_of(LONG, field, title=0)

    assert value
    if field is Field.TAGS:
        assert len(value) == 30
        assert max(map(len, value)) <= 50
    else:
        assert len(value) <= {"title": 300, "excerpt": 2000}.get(field, 500)


@pytest.mark.parametrize("field", list(Field))
def test_of_nothing_nothing_is_taken(field: Field) -> None:
    assert not values_of(NOTHING, field, title=0)


def test_keywords_are_never_cut_in_two() -> None:
    joined = values_of(LONG, Field.META_KEYWORDS, title=0)

    assert set(joined.split(", ")) <= set(LONG["keywords"])
