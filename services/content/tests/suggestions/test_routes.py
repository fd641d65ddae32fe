"""Suggestions over HTTP, with whoever answers for AI on a real bus."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from services.content.tests.conftest import Somebody

from stitch_common.bus.questions import Answer
from stitch_common.clock import Clock
from stitch_common.contracts.questions import SuggestForContent, Suggestions
from stitch_common.database import Database
from stitch_common.errors import ErrorKind, StitchError
from stitch_common.security.principals import Role
from stitch_common.testing.services import client_of, runtime_for
from stitch_common.testing.tokens import Issuer
from stitch_common.testing.traffic import answering_for
from stitch_content.api import create_api
from stitch_content.settings import ContentSettings

BODY = "<p>Community gardens bring neighbours together.</p>"
SUGGESTED = Suggestions(
    titles=["Gardens", "Neighbours in gardens"],
    meta_description="How gardens bring neighbours together.",
    keywords=["community gardens", "neighbours"],
    improvements=["Shorten the second sentence."],
    summary="Gardens bring people together.",
    provider="local",
    model="extractive",
    notice="Extracted.",
    generation_id="g-1",
)

Answering = Callable[[Answer], AbstractAsyncContextManager[None]]


class ProvidersAwayError(StitchError):
    """No AI provider answers at the moment."""

    kind = ErrorKind.UNAVAILABLE
    code = "ai_unavailable"


class TooLongError(StitchError):
    """Prompt and context are larger than the model can read."""

    kind = ErrorKind.TOO_LARGE
    code = "prompt-too-large"


@pytest.fixture
async def app(
    nats_url: str, database: Database, clock: Clock, issuer: Issuer, settings: ContentSettings
) -> AsyncGenerator[FastAPI]:
    """The service with its connection to NATS."""
    with_bus = settings.model_copy(update={"nats_url": nats_url})
    wired = runtime_for("content", with_bus, database=database, clock=clock, issuer=issuer)
    async with wired as runtime:
        await runtime.bus.connect()
        yield create_api(runtime)
        await runtime.bus.close()


@pytest.fixture
def answering(nats_url: str) -> Answering:
    """Let something answer for the ai service, over its own connection."""
    return lambda answer: answering_for(nats_url, "ai", {SuggestForContent: answer})


@pytest.fixture
async def item(editor: httpx.AsyncClient) -> dict[str, Any]:
    answer = await editor.post("/api/content", json={"title": "Draft", "body": BODY})
    made: dict[str, Any] = answer.json()
    return made


async def suggest(_question: SuggestForContent) -> Suggestions:
    return SUGGESTED


@pytest.fixture
async def suggested(
    editor: httpx.AsyncClient, item: dict[str, Any], answering: Answering
) -> dict[str, Any]:
    """An item that something was suggested for."""
    async with answering(suggest):
        answer = await editor.post(f"/api/content/{item['id']}/ai-suggestions")
    assert answer.status_code == 200, answer.text
    return {**item, "version": answer.json()["version"]}


def etag(item: dict[str, Any]) -> dict[str, str]:
    return {"if-match": f'"v{item["version"]}"'}


async def test_suggestions_are_stored_and_change_nothing_else(
    editor: httpx.AsyncClient, item: dict[str, Any], answering: Answering
) -> None:
    asked: list[SuggestForContent] = []

    async def note(question: SuggestForContent) -> Suggestions:
        asked.append(question)
        return SUGGESTED

    async with answering(note):
        answer = await editor.post(f"/api/content/{item['id']}/ai-suggestions")

    after = (await editor.get(f"/api/content/{item['id']}")).json()
    assert asked == [SuggestForContent(user_id=2, title="Draft", text=BODY)]
    assert answer.json()["titles"] == SUGGESTED.titles
    assert answer.headers["etag"] == f'"v{after["version"]}"'
    assert after["ai_suggestions"]["summary"] == SUGGESTED.summary
    assert after["ai_suggestions"]["of_version"] == item["version"]
    unchanged = item.keys() - {"ai_suggestions", "version", "updated_at"}
    assert {name: after[name] for name in unchanged} == {name: item[name] for name in unchanged}


async def test_of_a_long_item_as_much_is_sent_as_is_read(
    editor: httpx.AsyncClient, answering: Answering
) -> None:
    long = {"title": "Long", "body": "<p>Gardens grow.</p>" * 10_000}
    made = (await editor.post("/api/content", json=long)).json()
    sent: list[str] = []

    async def note(question: SuggestForContent) -> Suggestions:
        sent.append(question.text)
        return SUGGESTED

    async with answering(note):
        answer = await editor.post(f"/api/content/{made['id']}/ai-suggestions")

    assert answer.status_code == 200
    assert sent == [long["body"][: SuggestForContent.longest_text]]


@pytest.mark.parametrize("blank", ["", "   ", "<b></b>"])
async def test_a_suggestion_that_says_nothing_is_none(
    editor: httpx.AsyncClient, item: dict[str, Any], answering: Answering, blank: str
) -> None:
    async def say_nothing(_question: SuggestForContent) -> Suggestions:
        return SUGGESTED.model_copy(
            update={"titles": [blank], "keywords": [blank], "summary": blank}
        )

    async with answering(say_nothing):
        made = (await editor.post(f"/api/content/{item['id']}/ai-suggestions")).json()

    assert (made["titles"], made["keywords"], made["summary"]) == ([], [], "")

    for field in ("title", "tags", "excerpt"):
        answer = await editor.post(
            f"/api/content/{item['id']}/ai-suggestions/apply",
            json={"fields": [field]},
            headers={"if-match": "*"},
        )
        assert (answer.status_code, answer.json()["code"]) == (409, "nothing-suggested")


async def test_only_named_fields_are_taken_over(
    editor: httpx.AsyncClient, suggested: dict[str, Any]
) -> None:
    answer = await editor.post(
        f"/api/content/{suggested['id']}/ai-suggestions/apply",
        json={"fields": ["title", "meta_keywords", "tags", "excerpt"], "title": 1},
        headers=etag(suggested),
    )

    assert answer.status_code == 200, answer.text
    taken = answer.json()
    assert taken["title"] == "Neighbours in gardens"
    assert taken["meta_keywords"] == "community gardens, neighbours"
    assert taken["tags"] == ["community gardens", "neighbours"]
    assert taken["excerpt"] == "Gardens bring people together."
    assert (taken["meta_description"], taken["body"], taken["slug"]) == (None, BODY, "draft")


async def test_what_somebody_else_has_changed_is_not_overwritten(
    editor: httpx.AsyncClient, suggested: dict[str, Any]
) -> None:
    await editor.patch(f"/api/content/{suggested['id']}", json={"title": "Mine"})

    answer = await editor.post(
        f"/api/content/{suggested['id']}/ai-suggestions/apply",
        json={"fields": ["title"]},
        headers=etag(suggested),
    )

    assert (answer.status_code, answer.json()["changed"]) == (412, ["title"])


async def test_who_takes_over_must_say_what_they_have_read(
    editor: httpx.AsyncClient, suggested: dict[str, Any]
) -> None:
    answer = await editor.post(
        f"/api/content/{suggested['id']}/ai-suggestions/apply", json={"fields": ["title"]}
    )

    assert (answer.status_code, answer.json()["code"]) == (428, "version-required")


@pytest.mark.parametrize("body", [{}, {"fields": []}, {"fields": ["body"]}, {"fields": ["title"]}])
async def test_nothing_is_taken_over_that_was_not_suggested(
    editor: httpx.AsyncClient, item: dict[str, Any], body: dict[str, Any]
) -> None:
    answer = await editor.post(
        f"/api/content/{item['id']}/ai-suggestions/apply", json=body, headers=etag(item)
    )

    assert answer.status_code == (409 if body.get("fields") == ["title"] else 422)


async def test_a_title_that_there_is_not_is_refused(
    editor: httpx.AsyncClient, suggested: dict[str, Any]
) -> None:
    answer = await editor.post(
        f"/api/content/{suggested['id']}/ai-suggestions/apply",
        json={"fields": ["title"], "title": 2},
        headers=etag(suggested),
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "nothing-suggested")


async def test_where_ai_is_away_the_answer_says_when_to_try_again(
    editor: httpx.AsyncClient, item: dict[str, Any]
) -> None:
    answer = await editor.post(f"/api/content/{item['id']}/ai-suggestions")

    assert (answer.status_code, answer.json()["code"]) == (503, "ai_unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert (await editor.get(f"/api/content/{item['id']}")).json()["ai_suggestions"] is None


async def test_providers_that_do_not_answer_are_an_ai_that_is_away(
    editor: httpx.AsyncClient, item: dict[str, Any], answering: Answering
) -> None:
    async def fail(_question: SuggestForContent) -> Suggestions:
        raise ProvidersAwayError

    async with answering(fail):
        answer = await editor.post(f"/api/content/{item['id']}/ai-suggestions")

    assert (answer.status_code, answer.json()["code"]) == (503, "ai_unavailable")


async def test_an_ai_that_is_slower_than_its_deadline_is_away_too(
    editor: httpx.AsyncClient,
    item: dict[str, Any],
    answering: Answering,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(SuggestForContent, "deadline", timedelta(seconds=0.2))

    async def think(_question: SuggestForContent) -> Suggestions:
        await asyncio.Event().wait()
        return SUGGESTED

    async with answering(think):
        answer = await editor.post(f"/api/content/{item['id']}/ai-suggestions")

    assert (answer.status_code, answer.json()["code"]) == (503, "ai_unavailable")


async def test_a_refusal_is_passed_on_with_its_sentence(
    editor: httpx.AsyncClient, item: dict[str, Any], answering: Answering
) -> None:
    async def refuse(_question: SuggestForContent) -> Suggestions:
        raise TooLongError

    async with answering(refuse):
        answer = await editor.post(f"/api/content/{item['id']}/ai-suggestions")

    assert (answer.status_code, answer.json()["reason"]) == (409, "prompt-too-large")
    assert answer.json()["detail"] == TooLongError.sentence()


async def test_an_item_without_a_text_is_not_asked_about(editor: httpx.AsyncClient) -> None:
    made = (await editor.post("/api/content", json={"title": "Empty", "body": "<p></p>"})).json()

    answer = await editor.post(f"/api/content/{made['id']}/ai-suggestions")

    assert (answer.status_code, answer.json()["code"]) == (409, "nothing-to-read")


async def test_an_item_that_there_is_not_is_not_asked_about(editor: httpx.AsyncClient) -> None:
    assert (await editor.post("/api/content/4711/ai-suggestions")).status_code == 404


async def test_the_same_call_with_its_key_asks_once(
    editor: httpx.AsyncClient, item: dict[str, Any], answering: Answering
) -> None:
    asked: list[int] = []

    async def count(question: SuggestForContent) -> Suggestions:
        asked.append(question.user_id)
        return SUGGESTED

    async with answering(count):
        answers = [
            await editor.post(
                f"/api/content/{item['id']}/ai-suggestions", headers={"idempotency-key": "k-1"}
            )
            for _ in range(2)
        ]

    assert asked == [2]
    assert answers[0].json() == answers[1].json()


@pytest.mark.parametrize("path", ["ai-suggestions", "ai-suggestions/apply"])
async def test_only_editors_have_something_suggested(
    app: FastAPI, issuer: Issuer, item: dict[str, Any], path: str
) -> None:
    async with client_of(app) as client:
        anonymous = await client.post(f"/api/content/{item['id']}/{path}", json={})
        client.auth = Somebody(issuer, Role.VIEWER, 3)
        viewer = await client.post(f"/api/content/{item['id']}/{path}", json={})

    assert (anonymous.status_code, viewer.status_code) == (401, 403)
