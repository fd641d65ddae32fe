"""Content over HTTP: what people may do with an item, and what is refused."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

Write = Callable[..., Awaitable[dict[str, Any]]]

WRITES = [
    ("POST", "/api/content"),
    ("PUT", "/api/content/1"),
    ("PATCH", "/api/content/1"),
    ("DELETE", "/api/content/1"),
    ("POST", "/api/content/1/publish"),
    ("POST", "/api/content/1/unpublish"),
    ("POST", "/api/content/1/archive"),
    ("POST", "/api/content/1/restore"),
    ("DELETE", "/api/content/1/purge"),
    ("GET", "/api/content/trash"),
]


@pytest.mark.parametrize(
    ("method", "path"), [*WRITES, ("GET", "/api/content"), ("GET", "/api/content/1")]
)
async def test_nobody_in_particular_is_refused(
    client: httpx.AsyncClient, method: str, path: str
) -> None:
    answer = await client.request(method, path)

    assert answer.status_code == 401


@pytest.mark.parametrize(("method", "path"), WRITES)
async def test_viewers_only_read(viewer: httpx.AsyncClient, method: str, path: str) -> None:
    answer = await viewer.request(method, path, json={"title": "x"})

    assert answer.status_code == 403
    assert answer.json()["code"] == "role-required"


async def test_editors_do_not_purge(editor: httpx.AsyncClient, write: Write) -> None:
    item = await write()

    answer = await editor.delete(f"/api/content/{item['id']}/purge")

    assert answer.status_code == 403


async def test_a_new_item_is_a_draft_of_its_author(
    editor: httpx.AsyncClient, viewer: httpx.AsyncClient
) -> None:
    body = '<p>Bring a <b onclick="x()">friend</b>.</p><script>x()</script>'

    answer = await editor.post("/api/content/", json={"title": "Summer Concert", "body": body})

    item = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/api/content/{item['id']}"
    assert answer.headers["etag"] == '"v1"'
    assert (item["slug"], item["status"], item["author_id"]) == ("summer-concert", "draft", 2)
    assert item["body"] == "<p>Bring a <b>friend</b>.</p>"
    assert item["created_at"] == "2026-03-02T12:00:00Z"
    read = await viewer.get(answer.headers["location"])
    assert (read.json(), read.headers["etag"]) == (item, '"v1"')


@pytest.mark.parametrize("item_id", ["999", "0", "abc", "99999999999999999999"])
async def test_an_unknown_item_is_not_found(viewer: httpx.AsyncClient, item_id: str) -> None:
    assert (await viewer.get(f"/api/content/{item_id}")).status_code == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("title", "<b></b>"),
        ("title", None),
        ("title", "x" * 301),
        ("content_type", "poem"),
        ("status", "trashed"),
        ("tags", ["x" * 51]),
        ("tags", "music"),
        ("slug", "!!!"),
        ("locale", "English"),
        ("body", None),
    ],
)
async def test_a_malformed_field_is_named(
    editor: httpx.AsyncClient, write: Write, field: str, value: Any
) -> None:
    item = await write()

    created = await editor.post("/api/content", json={"title": "x", field: value})
    changed = await editor.patch(f"/api/content/{item['id']}", json={field: value})

    for answer in (created, changed):
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"].startswith(f"/{field}")


async def test_html_that_would_hold_up_everybody_else_is_refused(
    editor: httpx.AsyncClient, write: Write
) -> None:
    item, tangled = await write(), "<div>" * 100_000

    created = await editor.post("/api/content", json={"title": "x", "body": tangled})
    changed = await editor.patch(f"/api/content/{item['id']}", json={"body": tangled})

    for answer in (created, changed):
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/body"
        assert len(answer.content) < 1000


async def test_a_taken_slug_is_refused_with_a_free_one(
    editor: httpx.AsyncClient, write: Write
) -> None:
    await write(slug="concert")

    refused = await editor.post("/api/content", json={"title": "x", "slug": "Concert"})

    assert refused.status_code == 409
    assert refused.json()["code"] == "slug-taken"
    free = refused.json()["suggestion"]
    assert (await write(slug=free))["slug"] == free


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_a_change_leaves_other_fields_alone(
    editor: httpx.AsyncClient, write: Write, method: str
) -> None:
    item = await write(tags=["a"], excerpt="short")

    answer = await editor.request(
        method, f"/api/content/{item['id']}", json={"title": "New", "excerpt": None}
    )

    assert answer.headers["etag"] == '"v2"'
    assert answer.json() == {**item, "title": "New", "excerpt": None, "version": 2}


async def test_a_stale_change_names_what_changed_meanwhile(
    editor: httpx.AsyncClient, write: Write
) -> None:
    path = f"/api/content/{(await write())['id']}"
    await editor.patch(path, json={"title": "Theirs", "tags": ["x"]})

    stale = await editor.patch(path, json={"body": "Mine"}, headers={"if-match": '"v1"'})
    deletion = await editor.delete(path, headers={"if-match": '"v1"'})
    fresh = await editor.patch(path, json={"body": "Mine"}, headers={"if-match": '"v2"'})

    assert (stale.status_code, deletion.status_code, fresh.status_code) == (412, 412, 200)
    assert stale.json()["changed"] == ["tags", "title"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_strict_callers_must_say_what_they_have_read(
    editor: httpx.AsyncClient, write: Write, method: str
) -> None:
    path = f"/api/content/{(await write())['id']}"
    strict = {"prefer": "return=minimal, handling=strict"}

    careless = await editor.request(method, path, json={"title": "x"}, headers=strict)
    careful = await editor.request(
        method, path, json={"title": "x"}, headers={**strict, "if-match": '"v1"'}
    )

    assert careless.status_code == 428
    assert careful.status_code in {200, 204}


async def test_an_item_is_published_by_its_route_or_its_status(
    editor: httpx.AsyncClient, write: Write
) -> None:
    by_route, by_status = await write(), await write()

    published = await editor.post(f"/api/content/{by_route['id']}/publish")
    also = await editor.put(f"/api/content/{by_status['id']}", json={"status": "published"})

    assert published.json()["status"] == also.json()["status"] == "published"
    assert published.json()["published_at"] == "2026-03-02T12:00:00Z"
    for path, status in (("unpublish", "draft"), ("archive", "archived")):
        moved = await editor.post(f"/api/content/{by_route['id']}/{path}")
        assert (moved.status_code, moved.json()["status"]) == (200, status)


async def test_the_trash_takes_and_gives_back(
    editor: httpx.AsyncClient, admin: httpx.AsyncClient, write: Write
) -> None:
    item = await write(status="published")
    path = f"/api/content/{item['id']}"

    assert (await editor.delete(path)).status_code == 204
    assert (await editor.get(path)).status_code == 404
    (trashed,) = (await editor.get("/api/content/trash")).json()
    assert (trashed["id"], trashed["deleted_at"]) == (item["id"], "2026-03-02T12:00:00.000000Z")
    restored = await editor.post(f"{path}/restore")
    assert (restored.json()["status"], restored.json()["slug"]) == ("draft", item["slug"])
    assert (await editor.post(f"{path}/restore")).json()["code"] == "not-in-trash"
    assert (await admin.delete(f"{path}/purge")).status_code == 409
    await editor.delete(path)
    assert (await admin.delete(f"{path}/purge")).status_code == 204
    assert (await editor.get("/api/content/trash")).json() == []
    assert (await editor.post(f"{path}/restore")).status_code == 404
