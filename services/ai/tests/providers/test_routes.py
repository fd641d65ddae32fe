import httpx
import pytest
from services.ai.tests.factories import add_provider

from stitch_common.database import Database


async def test_editors_see_who_can_be_asked_and_no_key(
    client: httpx.AsyncClient, editor: dict[str, str], database: Database
) -> None:
    await add_provider(database, "openai")

    answer = await client.get("/api/ai/providers", headers=editor)

    local, openai = answer.json()
    assert (local["name"], local["is_default"], local["has_api_key"]) == ("local", True, False)
    assert (openai["name"], openai["is_default"], openai["has_api_key"]) == ("openai", False, True)
    assert "sealed" not in answer.text
    assert "api_key" not in openai


async def test_providers_are_listed_in_pages(
    client: httpx.AsyncClient, editor: dict[str, str], database: Database
) -> None:
    for position, name in enumerate(("a", "b", "c"), start=1):
        await add_provider(database, name, position=position)

    first = await client.get("/api/ai/providers?limit=2&count=true", headers=editor)
    second = await client.get(first.links["next"]["url"], headers=editor)
    both = await client.get(f"{first.links['next']['url']}&skip=1", headers=editor)
    skipped = await client.get("/api/ai/providers?skip=3", headers=editor)

    assert [provider["name"] for provider in first.json()] == ["local", "a"]
    assert first.headers["x-total-count"] == "4"
    assert [provider["name"] for provider in second.json()] == ["b", "c"]
    assert both.json() == second.json()
    assert "next" not in second.links
    assert [provider["name"] for provider in skipped.json()] == ["c"]


async def test_models_are_those_of_active_providers_in_the_order_of_asking(
    client: httpx.AsyncClient, editor: dict[str, str], database: Database
) -> None:
    await add_provider(database, "late", position=9)
    await add_provider(database, "off", is_active=False)

    models = (await client.get("/api/ai/models", headers=editor)).json()

    assert [(model["provider"], model["name"], model["is_default"]) for model in models] == [
        ("local", "extractive", True),
        ("late", "small", False),
        ("late", "large", False),
    ]
    assert models[2]["input_price"] == 5


@pytest.mark.parametrize("path", ["/api/ai/providers", "/api/ai/models"])
async def test_viewers_and_strangers_do_not_see_them(
    client: httpx.AsyncClient, viewer: dict[str, str], path: str
) -> None:
    assert (await client.get(path)).status_code == 401
    assert (await client.get(path, headers=viewer)).json()["code"] == "role-required"


@pytest.mark.parametrize("query", ["cursor=forged", "limit=0", "limit=101", "sort=name"])
async def test_an_unusable_query_is_refused(
    client: httpx.AsyncClient, editor: dict[str, str], query: str
) -> None:
    answer = await client.get(f"/api/ai/providers?{query}", headers=editor)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-query")
