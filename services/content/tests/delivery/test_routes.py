"""What the public and its caches get, and what they don't."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from stitch_common.testing.clock import SettableClock

Write = Callable[..., Awaitable[dict[str, Any]]]


async def test_only_what_is_live_is_delivered(
    client: httpx.AsyncClient, editor: httpx.AsyncClient, write: Write
) -> None:
    items = {name: await write(name, status="published") for name in ("a", "b", "c", "d")}
    await write("draft")
    await editor.post(f"/api/content/{items['a']['id']}/unpublish")
    await editor.post(f"/api/content/{items['b']['id']}/archive")
    await editor.delete(f"/api/content/{items['c']['id']}")

    listed = await client.get("/api/content/published")

    assert [item["slug"] for item in listed.json()] == ["d"]
    for slug in ("a", "b", "c", "draft", "unheard-of"):
        refused = await client.get(f"/api/content/published/{slug}")
        assert (refused.status_code, refused.json()["code"]) == (404, "not-published")


async def test_the_public_sees_no_ids(client: httpx.AsyncClient, write: Write) -> None:
    await write("Open", status="published", body="<p>hello</p>", tags=["x"])

    item = (await client.get("/api/content/published/open")).json()

    assert not {"id", "author_id", "content_id"} & set(item)
    assert (item["body"], item["tags"]) == ("<p>hello</p>", ["x"])
    assert item["published_at"] == "2026-03-02T12:00:00.000000Z"


async def test_a_change_is_seen_once_it_is_published(
    client: httpx.AsyncClient, editor: httpx.AsyncClient, write: Write
) -> None:
    item = await write("Old title", status="published")
    path = f"/api/content/{item['id']}"
    edit = {"title": "New title", "slug": "new-title", "tags": ["new"]}
    edited = await editor.put(path, json={**item, **edit})

    before = (await client.get("/api/content/published/old-title")).json()
    unseen = await client.get("/api/content/published/new-title")
    await editor.post(f"{path}/publish")
    after = (await client.get("/api/content/published/new-title")).json()

    assert edited.json()["has_unpublished_changes"] is True
    assert (before["title"], before["tags"]) == ("Old title", [])
    assert unseen.status_code == 404
    assert (after["title"], after["tags"]) == ("New title", ["new"])


async def test_an_old_slug_leads_to_the_present_one_in_one_hop(
    client: httpx.AsyncClient, editor: httpx.AsyncClient, write: Write
) -> None:
    item = await write("One", status="published")
    for slug in ("two", "three"):
        await editor.patch(f"/api/content/{item['id']}", json={"slug": slug})
        await editor.post(f"/api/content/{item['id']}/publish")

    for old in ("one", "two"):
        moved = await client.get(f"/api/content/published/{old}")
        assert moved.status_code == 301
        assert moved.headers["location"] == "/api/content/published/three"
        assert f"content-{old}" in moved.headers["surrogate-key"].split()
    assert (await client.get("/api/content/published/three")).status_code == 200


@pytest.mark.parametrize("path", ["/api/content/published", "/api/content/published/cached"])
async def test_caches_can_ask_whether_theirs_is_good(
    client: httpx.AsyncClient, editor: httpx.AsyncClient, write: Write, path: str
) -> None:
    item = await write("Cached", status="published")

    first = await client.get(path)
    again = await client.get(path, headers={"if-none-match": f'"x", W/{first.headers["etag"]}'})
    await editor.patch(f"/api/content/{item['id']}", json={"body": "<p>more</p>"})
    await editor.post(f"/api/content/{item['id']}/publish")
    changed = await client.get(path, headers={"if-none-match": first.headers["etag"]})

    assert (first.status_code, again.status_code, changed.status_code) == (200, 304, 200)
    assert again.content == b""
    assert again.headers["etag"] == first.headers["etag"]
    assert first.headers["cache-control"] == "public, max-age=60"
    assert "content" in first.headers["surrogate-key"].split()


async def test_a_list_is_filtered_and_paged(
    client: httpx.AsyncClient, write: Write, clock: SettableClock
) -> None:
    for n in range(5):
        kind = "page" if n % 2 else "article"
        await write(f"n{n}", status="published", content_type=kind, tags=[f"t{n}"])
        clock.advance(timedelta(hours=1))

    async def slugs(query: str) -> list[str]:
        return [
            item["slug"] for item in (await client.get(f"/api/content/published{query}")).json()
        ]

    assert await slugs("?content_type=page") == ["n3", "n1"]
    assert await slugs("?tag=t2") == ["n2"]
    assert await slugs("?skip=3") == ["n1", "n0"]
    first = await client.get("/api/content/published?limit=2&count=true")
    assert first.headers["x-total-count"] == "5"
    link = first.headers["link"].removeprefix("<").partition(">")[0]
    assert [item["slug"] for item in (await client.get(link)).json()] == ["n2", "n1"]
    assert await slugs("?tag=none") == []
    assert (await client.get("/api/content/published?status=draft")).status_code == 400


async def test_a_published_slug_belongs_to_its_item_until_it_is_purged(
    client: httpx.AsyncClient, editor: httpx.AsyncClient, admin: httpx.AsyncClient, write: Write
) -> None:
    item = await write("Gone", status="published")
    path = f"/api/content/{item['id']}"
    await editor.delete(path)
    taken = await editor.post("/api/content", json={"title": "x", "slug": "gone"})
    await admin.delete(f"{path}/purge")

    again = await write("Gone", status="published", body="<p>other</p>")

    assert taken.status_code == 409
    assert again["slug"] == "gone"
    assert (await client.get("/api/content/published/gone")).json()["body"] == "<p>other</p>"


@pytest.mark.parametrize("slug", ["%00", "UPPER", "a" * 101, "a%2fb", "..%2f1"])
async def test_what_can_be_no_slug_is_not_found(client: httpx.AsyncClient, slug: str) -> None:
    assert (await client.get(f"/api/content/published/{slug}")).status_code == 404
