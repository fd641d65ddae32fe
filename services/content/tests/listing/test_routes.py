"""Lists over HTTP: filters, order, pages and full text."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Literal
from unicodedata import normalize

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stitch_common.testing.clock import SettableClock

Write = Callable[..., Awaitable[dict[str, Any]]]


async def titles(client: httpx.AsyncClient, **query: Any) -> list[str]:
    answer = await client.get("/api/content", params=query)
    assert answer.status_code == 200, answer.text
    return [item["title"] for item in answer.json()]


async def pages(client: httpx.AsyncClient, **query: Any) -> list[list[str]]:
    """Follow `Link` to the end."""
    found, answer = [], await client.get("/api/content", params=query)
    while True:
        found.append([item["title"] for item in answer.json()])
        if "link" not in answer.headers:
            return found
        match = re.fullmatch(r'<(.+)>; rel="next"', answer.headers["link"])
        assert match
        answer = await client.get(match[1])


@pytest.fixture
async def library(write: Write, clock: SettableClock, admin: httpx.AsyncClient) -> None:
    """Five items, a day apart; Essay is an admin's."""
    items: list[dict[str, Any]] = [
        {"title": "Alpha", "tags": ["red"], "body": "<p>A river runs</p>"},
        {"title": "Bravo", "content_type": "page", "tags": ["red", "blue"]},
        {"title": "Charlie", "status": "published", "body": "<p>Rivers &amp; <i>lakes</i></p>"},
        {"title": "Delta", "excerpt": "A river's end"},
    ]
    for fields in items:
        await write(**fields)
        clock.advance(timedelta(days=1))
    await admin.post("/api/content", json={"title": "Essay on rivers", "body": "Delta works"})


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["Essay on rivers", "Delta", "Charlie", "Bravo", "Alpha"]),
        ({"content_type": "page"}, ["Bravo"]),
        ({"status": "published"}, ["Charlie"]),
        ({"author_id": 1}, ["Essay on rivers"]),
        ({"tag": "red"}, ["Bravo", "Alpha"]),
        ({"tag": "re"}, []),
        ({"created_from": "2026-03-05"}, ["Essay on rivers", "Delta"]),
        ({"created_to": "2026-03-03"}, ["Bravo", "Alpha"]),
        ({"created_from": "2026-03-03T12:00:00Z", "created_to": "2026-03-03T12:00:00Z"}, ["Bravo"]),
        ({"sort": "title"}, ["Alpha", "Bravo", "Charlie", "Delta", "Essay on rivers"]),
        ({"sort": "-published_at", "limit": 1}, ["Charlie"]),
        ({"skip": 3}, ["Bravo", "Alpha"]),
        ({"search": "delta"}, ["Delta", "Essay on rivers"]),
        ({"search": "delta", "sort": "-title"}, ["Essay on rivers", "Delta"]),
        ({"search": "river", "status": "published"}, ["Charlie"]),
        ({"search": "river -lakes", "sort": "title"}, ["Alpha", "Delta", "Essay on rivers"]),
        ({"search": '"river runs"'}, ["Alpha"]),
        ({"search": "blue"}, ["Bravo"]),
        ({"search": "the"}, []),
        ({"search": "  "}, ["Essay on rivers", "Delta", "Charlie", "Bravo", "Alpha"]),
    ],
)
async def test_a_list_holds_what_is_asked_for(
    viewer: httpx.AsyncClient, query: dict[str, Any], expected: list[str]
) -> None:
    assert await titles(viewer, **query) == expected


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(
    "sort", ["created_at", "-updated_at", "published_at", "-published_at", "title"]
)
async def test_pages_follow_each_other_without_gaps(viewer: httpx.AsyncClient, sort: str) -> None:
    whole = await titles(viewer, sort=sort)

    found = await pages(viewer, sort=sort, limit=2)

    assert [len(page) for page in found] == [2, 2, 1]
    assert [title for page in found for title in page] == whole


@pytest.mark.usefixtures("library")
async def test_pages_stay_whole_while_items_are_added(
    viewer: httpx.AsyncClient, write: Write
) -> None:
    first = await viewer.get("/api/content", params={"limit": 2, "search": "river"})
    await write("River of river", body="river river river")
    link = first.headers["link"].removeprefix("<").partition(">")[0]

    second = await viewer.get(link)

    before, after = ([item["title"] for item in a.json()] for a in (first, second))
    assert sorted([*before, *after]) == ["Alpha", "Charlie", "Delta", "Essay on rivers"]


@pytest.mark.usefixtures("library")
async def test_a_total_and_chosen_fields_are_given_on_request(viewer: httpx.AsyncClient) -> None:
    answer = await viewer.get("/api/content?count=true&limit=1&fields=id,title&tag=red")

    assert answer.headers["x-total-count"] == "2"
    assert [set(item) for item in answer.json()] == [{"id", "title"}]
    searched = await viewer.get("/api/content", params={"count": "true", "search": "river"})
    assert searched.headers["x-total-count"] == "4"


async def test_a_listed_item_has_the_fields_of_a_single_one(
    viewer: httpx.AsyncClient, write: Write
) -> None:
    item = await write(status="published", tags=["a"], excerpt='"short"')

    (listed,) = (await viewer.get("/api/content")).json()

    moments = {name for name, value in item.items() if name.endswith("_at") and value}
    assert {k: v for k, v in listed.items() if k not in moments} == {
        k: v for k, v in item.items() if k not in moments
    }
    assert {listed[name] for name in moments} == {"2026-03-02T12:00:00.000000Z"}


async def test_where_a_search_matched_is_marked_and_escaped(
    viewer: httpx.AsyncClient, write: Write
) -> None:
    await write(body='<p>Salt &amp; "pepper" &lt; sugar by the <em>river</em></p>')

    (item,) = (await viewer.get("/api/content", params={"search": "rivers"})).json()

    assert item["headline"] == "Salt &amp; &quot;pepper&quot; &lt; sugar by the <mark>river</mark>"


@pytest.mark.parametrize("form", ["NFC", "NFD"])
async def test_a_letter_is_found_however_its_accents_are_typed(
    viewer: httpx.AsyncClient, write: Write, form: Literal["NFC", "NFD"]
) -> None:
    await write(normalize("NFC", "Café"), body="Größe", tags=[normalize("NFD", "Öl")])
    await write(normalize("NFD", "Café"), body=normalize("NFD", "Größe"), tags=["Öl"])

    for query in ({"search": "Café"}, {"search": "Größe"}, {"tag": "Öl"}):
        asked = {name: normalize(form, value) for name, value in query.items()}
        assert await titles(viewer, **asked) == ["Café", "Café"]


@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(search=st.text(max_size=80))
async def test_any_search_is_safe(viewer: httpx.AsyncClient, search: str) -> None:
    answer = await viewer.get("/api/content", params={"search": search.encode("utf-8", "replace")})

    assert answer.status_code in {200, 400}
    assert answer.status_code == 200 or "\x00" in search


@pytest.mark.parametrize(
    "search",
    [
        "'",
        "a & | !",
        ":*",
        "((",
        "%_\\",
        "x" * 5000,
        "é" * 3000,
        "-" * 400,
        "-| " * 99,
        '"""',
        "--drop",
    ],
)
async def test_awkward_searches_are_searches(viewer: httpx.AsyncClient, search: str) -> None:
    assert await titles(viewer, search=search) == []


@pytest.mark.parametrize(
    "written",
    ["2026-02-30", "2026-03-02T00:00:00", "2026-03-02T12:00:00", "2026-13-01T00:00:00Z", "now"],
)
async def test_what_is_neither_a_day_nor_a_moment_is_refused_once(
    viewer: httpx.AsyncClient, written: str
) -> None:
    answer = await viewer.get("/api/content", params={"created_to": written})

    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["pointer"] == "/query/created_to"
    assert "2026-03-02T12:00:00Z" in error["message"]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"status": "deleted"}, "published"),
        ({"content_type": "poem"}, "blog_post"),
        ({"sort": "body"}, "-created_at"),
        ({"fields": "id,secret"}, "meta_title"),
        ({"colour": "red"}, "content_type"),
        ({"limit": 101}, "100"),
        ({"cursor": "abc"}, "cursor"),
        ({"created_from": "yesterday"}, "created_from"),
        ({"created_to": "0.5"}, "created_to"),
        ({"created_to": "9999-12-31"}, "1900"),
        ({"author_id": "9" * 30}, "author_id"),
    ],
)
async def test_an_unusable_query_is_refused_with_what_would_do(
    viewer: httpx.AsyncClient, query: dict[str, Any], named: str
) -> None:
    answer = await viewer.get("/api/content", params=query)

    assert answer.status_code == 400
    assert named in answer.json()["detail"]
