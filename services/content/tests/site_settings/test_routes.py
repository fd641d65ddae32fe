"""Settings over HTTP."""

from typing import Any

import httpx
import pytest

MASK = "********"

READS = ["/api/settings", "/api/settings/x"]
ADMIN_ONLY = [
    ("POST", "/api/settings"),
    ("PUT", "/api/settings/x"),
    ("DELETE", "/api/settings/x"),
    ("GET", "/api/settings/x/history"),
    ("POST", "/api/settings/x/revert"),
    ("POST", "/api/settings/config/site"),
    ("PATCH", "/api/settings/config/site"),
    ("POST", "/api/settings/initialize-defaults"),
]


@pytest.mark.parametrize(("method", "path"), [*ADMIN_ONLY, *(("GET", path) for path in READS)])
async def test_nobody_in_particular_is_refused(
    client: httpx.AsyncClient, method: str, path: str
) -> None:
    assert (await client.request(method, path)).status_code == 401


@pytest.mark.parametrize(("method", "path"), ADMIN_ONLY)
async def test_editors_do_not_change_settings(
    editor: httpx.AsyncClient, method: str, path: str
) -> None:
    assert (await editor.request(method, path, json={})).status_code == 403


async def test_a_setting_lives_from_post_to_delete(
    admin: httpx.AsyncClient, viewer: httpx.AsyncClient
) -> None:
    secret = {"host": "smtp", "password": " p "}

    created = await admin.post("/api/settings/", json={"key": "mail", "value": secret})
    read = await viewer.get("/api/settings/mail")
    changed = await admin.put(
        "/api/settings/mail", json={"value": {"host": "other", "password": MASK}}
    )
    listed = await viewer.get("/api/settings/?count=true")
    removed = await admin.delete("/api/settings/mail")

    assert (created.status_code, created.headers["location"]) == (201, "/api/settings/mail")
    assert read.json()["value"] == {"host": "smtp", "password": MASK}
    assert (read.json()["is_secret"], read.headers["etag"]) == (True, '"v1"')
    assert (changed.status_code, changed.headers["etag"]) == (200, '"v2"')
    assert [s["value"]["host"] for s in listed.json()] == ["other"]
    assert listed.headers["x-total-count"] == "1"
    assert removed.status_code == 204
    assert (await viewer.get("/api/settings/mail")).status_code == 404
    assert (await admin.put("/api/settings/mail", json={"value": 1})).status_code == 404


async def test_an_existing_key_is_refused(admin: httpx.AsyncClient) -> None:
    await admin.post("/api/settings", json={"key": "a", "value": 1})

    again = await admin.post("/api/settings", json={"key": "a", "value": 2})

    assert (again.status_code, again.json()["code"]) == (409, "setting-exists")


@pytest.mark.parametrize(
    ("key", "value", "pointer"),
    [
        ("site_title", 5, "/value"),
        ("contact_email", "nobody", "/value"),
        ("timezone", "Mars/Olympus", "/value"),
        ("site_logo", "javascript:alert(1)", "/value"),
        ("site_logo", "//evil.example/x.png", "/value"),
        ("theme_settings", {"primary_color": "red"}, "/value/primary_color"),
        ("social_links", {"x": "ftp://x"}, "/value/x"),
        ("mail", {"password": MASK}, "/value/password"),
        ("a b", 1, "/key"),
        ("", 1, "/key"),
    ],
)
async def test_a_malformed_setting_is_named(
    admin: httpx.AsyncClient, key: str, value: Any, pointer: str
) -> None:
    answer = await admin.post("/api/settings", json={"key": key, "value": value})

    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(
    "body", ['{"key": "a", "value": NaN}', '{"key": "a", "value": [1e999]}', '{"key": "a"}', "{"]
)
async def test_json_that_is_none_is_refused(admin: httpx.AsyncClient, body: str) -> None:
    answer = await admin.post(
        "/api/settings", content=body, headers={"content-type": "application/json"}
    )

    assert answer.status_code == 422, answer.text


async def test_any_json_is_kept_under_an_unknown_key(admin: httpx.AsyncClient) -> None:
    values: list[Any] = [None, False, 0, "", " x ", [], {}, [1, {"a": None}], 2**60, 1.25]

    for n, value in enumerate(values):
        answer = await admin.post("/api/settings", json={"key": f"k{n}", "value": value})
        assert (answer.status_code, answer.json()["value"]) == (201, value)


async def test_lists_of_settings_have_pages(admin: httpx.AsyncClient) -> None:
    for key in "cab":
        await admin.post("/api/settings", json={"key": key, "value": 1})
        await admin.put(f"/api/settings/{key}", json={"value": 2})

    for path, pages in (
        ("/api/settings?limit=2", [["a", "b"], ["c"]]),
        ("/api/settings/a/history?limit=1&count=true", [["a"], ["a"]]),
    ):
        first = await admin.get(path)
        link = first.headers["link"].removeprefix("<").partition(">")[0]
        second = await admin.get(link)
        assert [[s["key"] for s in page.json()] for page in (first, second)] == pages
        assert "link" not in second.headers


async def test_a_setting_is_reverted_to_an_older_version(admin: httpx.AsyncClient) -> None:
    await admin.post("/api/settings", json={"key": "a", "value": "old"})
    await admin.put("/api/settings/a", json={"value": "new"})
    await admin.delete("/api/settings/a")

    reverted = await admin.post("/api/settings/a/revert", json={"version": 1})
    to_nothing = await admin.post("/api/settings/a/revert", json={"version": 3})
    unknown = await admin.post("/api/settings/a/revert", json={"version": 99})

    assert (reverted.json()["value"], reverted.headers["etag"]) == ("old", '"v4"')
    assert (to_nothing.status_code, unknown.status_code) == (409, 404)
    assert (await admin.get("/api/settings/b/history")).status_code == 404


async def test_a_stale_change_of_a_setting_is_refused(admin: httpx.AsyncClient) -> None:
    await admin.post("/api/settings", json={"key": "a", "value": 1})
    await admin.put("/api/settings/a", json={"value": 2})
    stale = {"if-match": '"v1"'}

    changed = await admin.put("/api/settings/a", json={"value": 3}, headers=stale)
    removed = await admin.delete("/api/settings/a", headers=stale)

    assert (changed.status_code, removed.status_code) == (412, 412)
    assert changed.json()["changed"] == ["value"]


async def test_everybody_reads_the_sites_configuration(
    client: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    fresh = await client.get("/api/settings/config/site")
    posted = await admin.post(
        "/api/settings/config/site/", json={"site_title": "Ours", "contact_email": ""}
    )
    patched = await admin.patch(
        "/api/settings/config/site", json={"theme_settings": {"dark_mode_enabled": True}}
    )
    known = {"if-none-match": patched.headers["etag"]}

    assert fresh.json()["site_title"] == "Stitch"
    assert fresh.headers["cache-control"] == "public, max-age=60"
    assert (posted.status_code, posted.json()["site_title"]) == (200, "Ours")
    theme = patched.json()["theme_settings"]
    assert (theme["dark_mode_enabled"], theme["font_family"]) == (True, "Inter")
    assert (await client.get("/api/settings/config/site", headers=known)).status_code == 304
    assert (await client.get("/api/settings/config/site")).json() == patched.json()


async def test_the_site_is_changed_wholly_or_not_at_all(
    client: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    refused = await admin.patch(
        "/api/settings/config/site", json={"site_title": "Ours", "timezone": "Nowhere"}
    )

    assert refused.json()["errors"][0]["pointer"] == "/timezone"
    assert (await client.get("/api/settings/config/site")).json()["site_title"] == "Stitch"


async def test_a_stale_change_of_the_site_names_the_fields(admin: httpx.AsyncClient) -> None:
    await admin.patch("/api/settings/config/site", json={"site_title": "A", "footer_text": "f"})
    await admin.post("/api/settings", json={"key": "timezone", "value": "Europe/Berlin"})

    stale = await admin.patch(
        "/api/settings/config/site", json={"site_title": "B"}, headers={"if-match": '"v2"'}
    )

    assert (stale.status_code, stale.json()["changed"]) == (412, ["timezone"])


async def test_defaults_are_initialised_once(admin: httpx.AsyncClient) -> None:
    first = await admin.post("/api/settings/initialize-defaults")
    again = await admin.post("/api/settings/initialize-defaults")

    assert (len(first.json()["created"]), again.json()["created"]) == (10, [])
    assert len((await admin.get("/api/settings")).json()) == 10
