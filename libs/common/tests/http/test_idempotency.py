"""`Idempotency-Key`: a repeated POST gets the first answer and has its effect once."""

import asyncio
from datetime import timedelta
from hashlib import sha256
from uuid import uuid4

import pytest
from httpx import AsyncClient
from sqlalchemy import text

from stitch_common.database import Database
from stitch_common.security.principals import Role
from stitch_common.testing.tokens import Issuer

NOTES = "/api/sample/notes"


@pytest.fixture
def editor(issuer: Issuer) -> dict[str, str]:
    return {**issuer.headers(Role.EDITOR), "idempotency-key": uuid4().hex}


async def count_notes(database: Database) -> int:
    async with database.transaction() as session:
        return int((await session.execute(text("select count(*) from sample.notes"))).scalar_one())


async def age(database: Database, by: timedelta) -> None:
    async with database.transaction() as session:
        await session.execute(
            text("update sample.idempotency_keys set created_at = now() - cast(:i as interval)"),
            {"i": by},
        )


async def test_a_repeated_post_replays_the_first_answer(
    client: AsyncClient, database: Database, editor: dict[str, str]
) -> None:
    first = await client.post(NOTES, json={"text": "once"}, headers=editor)
    second = await client.post(NOTES, json={"text": "once"}, headers=editor)

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json() == first.json()
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert await count_notes(database) == 1


async def test_parallel_posts_with_one_key_have_one_effect(
    client: AsyncClient, database: Database, editor: dict[str, str]
) -> None:
    answers = await asyncio.gather(
        *(client.post(NOTES, json={"text": "once"}, headers=editor) for _ in range(10))
    )

    assert {a.status_code for a in answers} <= {201, 409}
    assert await count_notes(database) == 1


async def test_a_key_with_another_body_is_refused(
    client: AsyncClient, editor: dict[str, str]
) -> None:
    await client.post(NOTES, json={"text": "one"}, headers=editor)

    answer = await client.post(NOTES, json={"text": "two"}, headers=editor)

    assert answer.status_code == 422
    assert answer.json()["code"] == "idempotency-key-reused"


async def test_keys_belong_to_the_caller(
    client: AsyncClient, database: Database, issuer: Issuer, editor: dict[str, str]
) -> None:
    other = {**editor, **issuer.headers(Role.EDITOR, user_id=2)}

    await client.post(NOTES, json={"text": "mine"}, headers=editor)
    answer = await client.post(NOTES, json={"text": "mine"}, headers=other)

    assert "idempotency-replayed" not in answer.headers
    assert await count_notes(database) == 2


async def test_anonymous_keys_belong_to_an_address(client: AsyncClient) -> None:
    async def ask(address: str) -> bool:
        headers = {"idempotency-key": "k", "x-forwarded-for": address}
        answer = await client.post("/api/sample/public", json={}, headers=headers)
        return "idempotency-replayed" in answer.headers

    assert [await ask("192.0.2.1"), await ask("192.0.2.2"), await ask("192.0.2.1")] == [
        False,
        False,
        True,
    ]


async def test_a_refusal_is_replayed_but_a_missing_right_is_not(
    client: AsyncClient, issuer: Issuer, editor: dict[str, str]
) -> None:
    viewer = {**editor, **issuer.headers(Role.VIEWER)}

    assert (await client.post(NOTES, json={"text": "a"}, headers=viewer)).status_code == 403
    assert (await client.post(NOTES, json={"text": "rude"}, headers=editor)).status_code == 409
    again = await client.post(NOTES, json={"text": "rude"}, headers=editor)

    assert again.headers["idempotency-replayed"] == "true"


async def test_an_effect_whose_answer_was_lost_is_never_repeated(
    client: AsyncClient, database: Database, editor: dict[str, str]
) -> None:
    lost = await client.post(f"{NOTES}?fail=yes", json={"text": "x"}, headers=editor)
    again = await client.post(f"{NOTES}?fail=yes", json={"text": "x"}, headers=editor)

    assert lost.status_code == 500
    assert again.status_code == 409
    assert again.json()["code"] == "idempotency-answer-lost"
    assert await count_notes(database) == 1


async def test_an_attempt_that_died_before_its_effect_may_be_repeated(
    client: AsyncClient, database: Database, editor: dict[str, str]
) -> None:
    await client.post(NOTES, json={"text": "x"}, headers=editor)
    async with database.transaction() as session:
        await session.execute(text("delete from sample.notes"))
        await session.execute(text("update sample.idempotency_keys set state = 'running'"))

    early = await client.post(NOTES, json={"text": "x"}, headers=editor)
    await age(database, timedelta(minutes=2))
    late = await client.post(NOTES, json={"text": "x"}, headers=editor)

    assert early.status_code == 409
    assert late.status_code == 201
    assert await count_notes(database) == 1


async def test_a_key_is_forgotten_after_a_day(
    client: AsyncClient, database: Database, editor: dict[str, str]
) -> None:
    await client.post(NOTES, json={"text": "x"}, headers=editor)
    await age(database, timedelta(hours=25))

    answer = await client.post(NOTES, json={"text": "y"}, headers=editor)

    assert answer.status_code == 201
    assert await count_notes(database) == 2


@pytest.mark.parametrize("key", ["", "x" * 256])
async def test_an_impossible_key_is_refused(
    client: AsyncClient, editor: dict[str, str], key: str
) -> None:
    answer = await client.post(
        NOTES, json={"text": "x"}, headers={**editor, "idempotency-key": key}
    )

    assert answer.status_code == 400


async def test_what_is_stored_of_a_body_can_not_be_guessed_without_the_service_s_key(
    client: AsyncClient, editor: dict[str, str], database: Database
) -> None:
    body = b'{"text": "a password, for example"}'
    headers = {**editor, "content-type": "application/json"}

    await client.post(NOTES, content=body, headers=headers)

    async with database.connection() as connection:
        stored = await connection.fetchval("select fingerprint from sample.idempotency_keys")
    digest = sha256(NOTES.encode() + b"\0\0application/json\0" + body).digest()
    assert len(stored) == len(digest)
    assert stored != digest
