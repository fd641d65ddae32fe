import json
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from stitch_common.database import Database

PATH = "/api/ai/generate-content"


async def rows(database: Database, statement: str) -> list[dict[str, Any]]:
    async with database.transaction() as session:
        return [dict(row) for row in (await session.execute(text(statement))).mappings()]


async def test_a_prompt_is_answered_out_of_its_context(
    client: httpx.AsyncClient, editor: dict[str, str], gardens: str
) -> None:
    body = {"prompt": "Summarise this in two sentences.", "context": gardens}

    answer = await client.post(PATH, json=body, headers=editor)

    generated = answer.json()
    assert answer.status_code == 200
    assert (generated["provider"], generated["model"]) == ("local", "extractive")
    assert generated["content"].startswith("Community gardens bring neighbours together.")
    assert len(generated["content"]) < len(gardens) / 3
    usage = generated["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert [attempt["outcome"] for attempt in generated["attempts"]] == ["completed"]
    assert "`local`" in generated["notice"]


async def test_another_context_gives_another_answer(
    client: httpx.AsyncClient, editor: dict[str, str]
) -> None:
    contexts = [
        {"title": "Moon", "body": "The moon has no air. Its days are two weeks long. " * 3},
        "Bees dance to tell where flowers are. Their dance is a map of the meadow. " * 3,
    ]

    contents = [
        (
            await client.post(
                PATH, json={"prompt": "Three keywords", "context": context}, headers=editor
            )
        ).json()["content"]
        for context in contexts
    ]

    assert "moon" in contents[0].lower()
    assert "dance" in contents[1].lower()


async def test_the_answer_can_be_read_by_a_program(
    client: httpx.AsyncClient, editor: dict[str, str], gardens: str
) -> None:
    body = {
        "prompt": "Give me 3 titles, a meta description and 4 keywords",
        "context": gardens,
        "response_format": "json",
    }

    content = json.loads((await client.post(PATH, json=body, headers=editor)).json()["content"])

    assert content.keys() == {"titles", "meta_description", "keywords"}
    assert len(content["titles"]) == 3
    assert len(content["keywords"]) == 4
    assert 0 < len(content["meta_description"]) <= 155


async def test_what_was_generated_is_recorded_with_its_fact(
    client: httpx.AsyncClient, editor: dict[str, str], database: Database, gardens: str
) -> None:
    body = {"prompt": "keywords", "context": gardens}
    generated = (await client.post(PATH, json=body, headers=editor)).json()

    [row] = await rows(database, "select * from ai.generations")
    [fact] = await rows(database, "select subject, payload from ai.outbox")
    assert (str(row["id"]), row["user_id"], row["outcome"]) == (generated["id"], 7, "completed")
    assert row["completion_tokens"] == generated["usage"]["completion_tokens"]
    assert fact["subject"] == "stitch.ai.generation.completed.v1"
    payload = json.loads(fact["payload"])
    assert payload["generation_id"] == generated["id"]
    assert "gardens" not in str(payload) + str(row)


async def test_a_repeated_request_is_answered_and_charged_once(
    client: httpx.AsyncClient, editor: dict[str, str], database: Database, gardens: str
) -> None:
    body = {"prompt": "keywords", "context": gardens}
    headers = {**editor, "idempotency-key": "one"}

    first = await client.post(PATH, json=body, headers=headers)
    second = await client.post(PATH, json=body, headers=headers)

    assert second.headers["idempotency-replayed"] == "true"
    assert second.json() == first.json()
    assert len(await rows(database, "select id from ai.generations")) == 1


async def test_a_model_that_nobody_may_run_is_refused_before_anything_happens(
    client: httpx.AsyncClient, editor: dict[str, str], database: Database
) -> None:
    body = {"prompt": "Hello", "model": "gpt-unknown"}

    answer = await client.post(PATH, json=body, headers=editor)

    assert (answer.status_code, answer.json()["code"]) == (403, "model-not-allowed")
    assert await rows(database, "select id from ai.generations") == []


async def test_a_prompt_that_is_too_large_for_the_model_is_refused(
    client: httpx.AsyncClient, editor: dict[str, str], database: Database
) -> None:
    body = {"prompt": "summary", "context": "word " * 26_000}

    answer = await client.post(PATH, json=body, headers=editor)

    assert (answer.status_code, answer.json()["code"]) == (413, "prompt-too-large")
    assert answer.json()["most"] == 32000
    assert await rows(database, "select id from ai.generations") == []


async def test_a_body_that_is_too_large_is_refused_unread(
    client: httpx.AsyncClient, editor: dict[str, str]
) -> None:
    body = {"prompt": "summary", "context": "x" * 256 * 1024}

    answer = await client.post(PATH, json=body, headers=editor)

    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


async def test_with_every_provider_gone_ai_is_unavailable(
    client: httpx.AsyncClient, editor: dict[str, str], database: Database
) -> None:
    async with database.transaction() as session:
        await session.execute(text("update ai.providers set is_default = false, is_active = false"))

    answer = await client.post(PATH, json={"prompt": "Hello"}, headers=editor)

    assert (answer.status_code, answer.json()["code"]) == (503, "ai_unavailable")
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt", ""),
        ("prompt", "   "),
        ("prompt", None),
        ("prompt", "a\x00b"),
        ("max_tokens", 0),
        ("max_tokens", 32_001),
        ("temperature", 2.1),
        ("temperature", -0.1),
        ("response_format", "xml"),
        ("context", 7),
        ("stream", True),
    ],
)
async def test_a_field_out_of_range_is_named(
    client: httpx.AsyncClient, editor: dict[str, str], field: str, value: object
) -> None:
    answer = await client.post(PATH, json={"prompt": "Hello", field: value}, headers=editor)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{field}"]


async def test_viewers_and_strangers_do_not_generate(
    client: httpx.AsyncClient, viewer: dict[str, str]
) -> None:
    assert (await client.post(PATH, json={"prompt": "Hello"})).status_code == 401
    refused = await client.post(PATH, json={"prompt": "Hello"}, headers=viewer)
    assert (refused.status_code, refused.json()["code"]) == (403, "role-required")
