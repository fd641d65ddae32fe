"""Every fact keeps its promises: a schema, a golden sample, and no incompatible change."""

from typing import Any

import pytest

from stitch_common.contracts import Fact, all_facts
from stitch_common.contracts.generate import complaints, generated
from stitch_common.contracts.published import GOLDEN, SCHEMAS, golden_file, read, schema_file

FACTS = list(all_facts().values())


def said_in(golden: Any, understood: Any) -> Any:
    """Of what was understood, the parts that the sample has; they may have grown since."""
    match golden, understood:
        case dict(), dict():
            return {name: said_in(part, understood.get(name)) for name, part in golden.items()}
        case list(), list():
            return [said_in(*parts) for parts in zip(golden, understood, strict=True)]
        case _:
            return understood


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.__name__)
def test_a_published_version_only_grows(fact: type[Fact]) -> None:
    found = complaints(fact)

    assert not found, "\n".join(found)  # whole sentences: pytest cuts what it compares


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.__name__)
def test_a_fact_of_the_past_is_read_with_all_it_says(fact: type[Fact]) -> None:
    golden = read(golden_file(fact))
    assert golden is not None, f"{fact.__name__} has no golden sample: run `make generate`"

    understood = fact.model_validate_json(golden_file(fact).read_text()).model_dump(mode="json")

    assert said_in(golden, understood) == golden


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.__name__)
def test_readers_ignore_fields_of_later_versions(fact: type[Fact]) -> None:
    golden = read(golden_file(fact))

    later = fact.model_validate({**golden, "a_field_of_tomorrow": 1})

    assert later == fact.model_validate(golden)


def test_no_published_fact_has_vanished() -> None:
    expected = {schema_file(fact).name for fact in FACTS}
    published = {path.name for folder in (SCHEMAS, GOLDEN) for path in folder.glob("*.json")}

    assert published - expected == set(), "a published fact stays readable for 30 days"


def test_generated_files_are_current() -> None:
    stale = [
        path.name
        for path, text in generated().items()
        if not path.exists() or path.read_text() != text
    ]

    assert stale == [], "run `make generate` and commit what it changes"
