"""Facts: each has an owner and its own subject without ids, and who reads them reads real ones."""

import re

import pytest

from stitch_common.contracts import Fact, all_facts
from stitch_common.contracts.base import PRODUCERS

SUBJECT = re.compile(r"stitch\.(?P<service>[a-z]+)\.[a-z_]+\.[a-z_]+\.v[1-9]\d*")
SECRETS = re.compile(r"token|password|secret|otp|api_key", re.IGNORECASE)

FACTS = list(all_facts().values())


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.__name__)
def test_a_subject_names_its_owner_and_holds_no_ids(fact: type[Fact]) -> None:
    match = SUBJECT.fullmatch(fact.subject)

    assert match is not None
    assert match["service"] in PRODUCERS
    assert fact.__module__ == f"stitch_common.contracts.{match['service']}"


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.__name__)
def test_an_aggregate_is_a_field_and_the_docstring_says_what_happened(fact: type[Fact]) -> None:
    assert fact.aggregate in fact.model_fields
    assert (fact.__doc__ or "").strip().endswith((".", "?"))


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.__name__)
def test_no_secret_travels_in_a_fact(fact: type[Fact]) -> None:
    allowed = {"prompt_tokens", "completion_tokens"}

    assert {n for n in fact.model_fields if SECRETS.search(n)} - allowed == set()
