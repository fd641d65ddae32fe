"""What is secret, how it is masked, and what a mask sent back means."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stitch_content.site_settings.rules import (
    MASK,
    SITE_KEYS,
    MaskWithoutValueError,
    holds_secret,
    is_same,
    is_secret,
    masked,
    unmasked,
    unstorable_numbers,
)
from stitch_content.site_settings.schemas import SiteConfig

NAMES = st.sampled_from(["host", "api_key", "password", "inner", "clientSecret"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    "name",
    ["stripe_key", "client_secret", "SECRET", "access_token", "db_password", "apiKey", "api-key"],
)
def test_a_secret_is_known_by_its_name(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", ["key", "keyboard", "monkey", "site_title", "primary_color"])
def test_other_names_are_no_secrets(name: str) -> None:
    assert not is_secret(name)


def test_secrets_are_masked_wherever_they_are() -> None:
    value = {"host": "smtp", "auth": [{"user": "u", "password": "p"}], "api_key": {"a": 1}}

    assert masked("smtp", value) == {
        "host": "smtp",
        "auth": [{"user": "u", "password": MASK}],
        "api_key": MASK,
    }
    assert masked("smtp_password", "p") == MASK
    assert masked("smtp_password", "") == ""


def test_what_everybody_may_read_is_no_secret() -> None:
    links = {"token_shop": "https://shop.example"}

    assert masked("social_links", links) == links
    assert not holds_secret("social_links", links)


@given(NAMES, VALUES)
def test_a_mask_sent_back_keeps_the_value(key: str, value: object) -> None:
    assert is_same(unmasked(key, masked(key, value), value), value)


def test_a_mask_for_nothing_is_refused_at_its_place() -> None:
    with pytest.raises(MaskWithoutValueError) as refused:
        unmasked("smtp", {"a/b": [{"password": MASK}]}, {"a/b": []})

    assert refused.value.args == ("/a~1b/0/password",)


def test_true_is_not_one() -> None:
    assert not is_same({"a": True}, {"a": 1})
    assert is_same({"a": 1, "b": 2}, {"b": 2, "a": 1})


def test_numbers_that_json_has_not_are_found() -> None:
    value = {"a": [1.5, math.inf], "b": {"c": math.nan}, "d": -math.inf}

    assert list(unstorable_numbers(value)) == ["/a/1", "/b/c", "/d"]


def test_the_sites_keys_are_its_configurations_fields() -> None:
    assert set(SITE_KEYS) == set(SiteConfig.model_fields)
