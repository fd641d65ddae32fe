"""HEAD is GET without the body."""

import pytest
from httpx import AsyncClient

from stitch_common.testing.tokens import Issuer


@pytest.mark.parametrize("path", ["/api/sample/public", "/api/sample/public/"])
async def test_a_head_says_what_a_get_would(client: AsyncClient, path: str) -> None:
    read = await client.get(path)

    asked = await client.head(path)

    assert asked.status_code == 200
    assert asked.content == b""
    assert asked.headers["content-length"] == read.headers["content-length"]
    assert asked.headers["content-type"] == read.headers["content-type"]


async def test_a_head_needs_what_a_get_needs(client: AsyncClient, issuer: Issuer) -> None:
    assert (await client.head("/api/sample/notes")).status_code == 401
    assert (await client.head("/api/sample/notes", headers=issuer.headers())).status_code == 200


async def test_a_head_of_nothing_is_nothing(client: AsyncClient) -> None:
    asked = await client.head("/api/sample/nowhere")

    assert asked.status_code == 404
    assert asked.content == b""
