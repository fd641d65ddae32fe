"""`ETag` and `If-Match`: a stale change is refused, and told what has changed."""

import asyncio

import pytest
from httpx import AsyncClient

from stitch_common.security.principals import Role
from stitch_common.testing.tokens import Issuer

NOTES = "/api/sample/notes"


async def test_of_parallel_writes_with_one_version_one_succeeds(
    client: AsyncClient, issuer: Issuer
) -> None:
    editor = issuer.headers(Role.EDITOR)
    note = (await client.post(NOTES, json={"text": "first"}, headers=editor)).json()

    answers = await asyncio.gather(
        *(
            client.put(
                f"{NOTES}/{note['id']}",
                json={"text": str(n)},
                headers={**editor, "if-match": '"v1"'},
            )
            for n in range(20)
        )
    )

    assert sorted(a.status_code for a in answers) == [200] + [412] * 19
    refused = next(a for a in answers if a.status_code == 412).json()
    assert refused["changed"] == ["text"]
    assert "text" in refused["detail"]


@pytest.mark.parametrize(
    ("given", "status"), [('W/"v1"', 412), ('"abc"', 412), ('"v1", "v2"', 412), ("v1", 400)]
)
async def test_an_if_match_of_anybody_else_matches_nothing(
    client: AsyncClient, issuer: Issuer, given: str, status: int
) -> None:
    editor = issuer.headers(Role.EDITOR)

    answer = await client.put(
        f"{NOTES}/1", json={"text": "x"}, headers={**editor, "if-match": given}
    )

    assert answer.status_code == status
