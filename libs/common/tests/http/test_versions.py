"""`ETag` and `If-Match`: a stale change is refused, and told what has changed."""

import asyncio

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


async def test_an_unreadable_if_match_is_refused(client: AsyncClient, issuer: Issuer) -> None:
    editor = issuer.headers(Role.EDITOR)

    answer = await client.put(
        f"{NOTES}/1", json={"text": "x"}, headers={**editor, "if-match": 'W/"v1"'}
    )

    assert answer.status_code == 400
