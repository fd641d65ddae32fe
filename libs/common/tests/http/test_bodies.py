"""Bodies that no service can keep, and bodies that are none."""

import json
from typing import Any

import pytest
from httpx import AsyncClient, Response

from stitch_common.http.bodies import MAX_DEPTH, first_refusal, is_storable
from stitch_common.security.principals import Role
from stitch_common.testing.tokens import Issuer


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


async def send(client: AsyncClient, issuer: Issuer, body: bytes) -> Response:
    headers = {**issuer.headers(Role.EDITOR), "content-type": "application/json"}
    return await client.post("/api/sample/notes", content=body, headers=headers)


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "x" * 1000 + "\udc00"])
def test_what_postgresql_cannot_hold_is_not_storable(text: str) -> None:
    assert not is_storable(text)


@pytest.mark.parametrize("text", ["", "plain", "\U0001f389", "\ufffe", "\ue000"])
def test_any_other_text_is_storable(text: str) -> None:
    assert is_storable(text)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"text": "\x00"}, ("text",)),
        ({"a": [{"b": "\ud800"}]}, ("a", 0, "b")),
        ({"a": {"\x00": 1}}, ("a",)),
        ({"\ud800": 1}, ()),
        ({"ok": 1, "a": nested(MAX_DEPTH)}, ("a",)),
        ({"a": {"b": float("nan")}}, ("a", "b")),
        ({"a": [1.5, float("-inf")]}, ("a", 1)),
    ],
)
def test_what_is_refused_is_named(body: Any, place: tuple[str | int, ...]) -> None:
    refusal = first_refusal(body)

    assert refusal is not None
    assert refusal[0] == place


def test_deep_but_not_bottomless_bodies_pass() -> None:
    assert first_refusal({"a": nested(MAX_DEPTH - 1)}) is None


@pytest.mark.parametrize("body", [b'{"text": "a\\u0000b"}', b'{"text": "\\ud800"}'])
async def test_text_that_cannot_be_stored_names_its_field(
    client: AsyncClient, issuer: Issuer, body: bytes
) -> None:
    answer = await send(client, issuer, body)

    assert answer.status_code == 422
    assert [e["pointer"] for e in answer.json()["errors"]] == ["/text"]


@pytest.mark.parametrize("number", [b"NaN", b"-Infinity", b"1e400"])
async def test_what_json_has_no_number_for_names_its_field(
    client: AsyncClient, issuer: Issuer, number: bytes
) -> None:
    answer = await send(client, issuer, b'{"text": "fine", "other": {"size": ' + number + b"}}")

    assert answer.status_code == 422
    assert [e["pointer"] for e in answer.json()["errors"]] == ["/other/size"]


@pytest.mark.parametrize("levels", [MAX_DEPTH, 300, 945, 975, 1000, 100_000])
async def test_bottomless_nesting_is_refused_and_never_our_failure(
    client: AsyncClient, issuer: Issuer, levels: int
) -> None:
    body = b'{"text": "fine", "other": ' + b"[" * levels + b"]" * levels + b"}"

    answer = await send(client, issuer, body)

    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid-body"


@pytest.mark.parametrize("body", [b"\xff{}", b"\xf7j", b'{"text": ' + b"9" * 5000 + b"}"])
async def test_a_body_that_cannot_be_decoded_is_malformed(
    client: AsyncClient, issuer: Issuer, body: bytes
) -> None:
    answer = await send(client, issuer, body)

    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid-body"
    assert not answer.json()["detail"].startswith(":")


async def test_an_empty_body_is_malformed(client: AsyncClient, issuer: Issuer) -> None:
    answer = await send(client, issuer, json.dumps(None).encode())

    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("Input should")
