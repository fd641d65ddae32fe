"""Templates over HTTP: written by admins, chosen and looked at by editors."""

from typing import Any

import httpx
import pytest
from services.notifications.tests.factories import invited, published

from stitch_common.database import Database
from stitch_notifications.audience.service import Audience
from stitch_notifications.templates.models import Kind

URL = "/api/notifications/templates"
Headers = dict[str, str]


def body(**changes: Any) -> dict[str, Any]:
    usual = {
        "kind": "invitation",
        "name": "Our invitation",
        "subject": "{{ event_title }}",
        "text": "{{ greeting }}\n\nplease come.\n\n{{ rsvp_link }}",
    }
    return {**usual, **changes}


def nested(element: str, times: int) -> str:
    return f"<mjml><mj-body>{times * f'<{element}>'}{times * f'</{element}>'}</mj-body></mjml>"


def layout(text: str) -> str:
    section = f"<mj-section><mj-column><mj-text>{text}</mj-text></mj-column></mj-section>"
    return f"<mjml><mj-body>{section}</mj-body></mjml>"


async def test_an_admin_writes_changes_and_removes_a_template(
    client: httpx.AsyncClient, admin: Headers
) -> None:
    created = await client.post(URL, json=body(), headers=admin)
    assert created.status_code == 201
    url = created.headers["location"]
    assert created.headers["etag"] == '"v1"'
    assert "event_title" in created.json()["placeholders"]

    changed = await client.put(url, json=body(name="Other"), headers={**admin, "if-match": '"v1"'})
    assert (changed.json()["name"], changed.json()["version"]) == ("Other", 2)
    stale = await client.put(url, json=body(), headers={**admin, "if-match": '"v1"'})
    assert (stale.status_code, stale.json()["changed"]) == (412, ["name"])

    assert (await client.delete(url, headers=admin)).status_code == 204
    assert (await client.get(url, headers=admin)).json()["code"] == "template-not-found"


async def test_editors_see_the_standard_templates_page_by_page(
    client: httpx.AsyncClient, editor: Headers
) -> None:
    first = await client.get(f"{URL}?limit={len(Kind) // 2 + 1}&count=true", headers=editor)
    second = await client.get(first.links["next"]["url"], headers=editor)

    found = first.json() + second.json()
    assert first.headers["x-total-count"] == str(len(Kind))
    assert {template["kind"] for template in found} == set(Kind)
    assert all(template["is_builtin"] and template["is_default"] for template in found)
    assert all(template["subject"] and template["text"] for template in found)
    only = await client.get(f"{URL}?kind=waitlist", headers=editor)
    assert [template["name"] for template in only.json()] == ["Standard waiting list"]


async def test_a_default_replaces_the_one_before_it(
    client: httpx.AsyncClient, admin: Headers
) -> None:
    for name in ("First", "Second"):
        await client.post(URL, json=body(name=name, is_default=True), headers=admin)

    found = (await client.get(f"{URL}?kind=invitation", headers=admin)).json()
    assert {one["name"]: one["is_default"] for one in found} == {
        "Standard invitation": False,
        "First": False,
        "Second": True,
    }


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"text": "{{ event_titel }}"}, "/text"),
        ({"subject": "{{ verify_link }}"}, "/subject"),
        ({"mjml": "<mjml><mj-body>"}, "/mjml"),
        ({"mjml": "<mjml><mj-body><mj-raw>{{ secret }}</mj-raw></mj-body></mjml>"}, "/mjml"),
        ({"mjml": nested("mj-section", 3_000)}, "/mjml"),
        ({"text": "{% if event_title > 3 %}x{% endif %}"}, "/text"),
        ({"subject": "{{ 'x' if event_title > 3 }}"}, "/subject"),
        ({"mjml": layout("{{ 'x' if event_title > 3 }}")}, "/mjml"),
        ({"text": "{% if " + 150 * "(" + "party_size" + 150 * ")" + " %}x{% endif %}"}, "/text"),
        ({"text": 150 * "{% if party_size %}" + "x" + 150 * "{% endif %}"}, "/text"),
        ({"kind": "spam"}, "/kind"),
        ({"name": " "}, "/name"),
    ],
)
async def test_a_template_that_could_not_be_sent_is_refused(
    client: httpx.AsyncClient, admin: Headers, changes: dict[str, Any], pointer: str
) -> None:
    answer = await client.post(URL, json=body(**changes), headers=admin)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_a_name_belongs_to_one_template(client: httpx.AsyncClient, admin: Headers) -> None:
    await client.post(URL, json=body(), headers=admin)

    answer = await client.post(URL, json=body(kind="reminder"), headers=admin)

    assert (answer.status_code, answer.json()["code"]) == (409, "template-name-taken")


async def test_standard_templates_stay_as_they_are(
    client: httpx.AsyncClient, admin: Headers
) -> None:
    changed = await client.put(f"{URL}/1", json=body(), headers=admin)
    removed = await client.delete(f"{URL}/1", headers=admin)

    assert changed.json()["code"] == removed.json()["code"] == "builtin-template"


@pytest.mark.parametrize("number", range(1, len(Kind) + 1))
async def test_a_standard_template_can_be_copied_to_be_changed(
    client: httpx.AsyncClient, admin: Headers, number: int
) -> None:
    standard = (await client.get(f"{URL}/{number}", headers=admin)).json()
    texts = {name: standard[name] for name in ("kind", "subject", "text", "mjml")}

    copied = await client.post(URL, json={**texts, "name": "Ours"}, headers=admin)

    assert copied.status_code == 201, copied.text
    before = await client.post(f"{URL}/{number}/preview", headers=admin)
    after = await client.post(f"{copied.headers['location']}/preview", headers=admin)
    assert after.json() == before.json()


async def test_a_template_keeps_its_kind(client: httpx.AsyncClient, admin: Headers) -> None:
    url = (await client.post(URL, json=body(), headers=admin)).headers["location"]

    answer = await client.put(url, json=body(kind="reminder"), headers=admin)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/kind")


@pytest.mark.parametrize("number", range(1, len(Kind) + 1))
async def test_every_standard_template_can_be_previewed(
    client: httpx.AsyncClient, editor: Headers, number: int
) -> None:
    answer = await client.post(f"{URL}/{number}/preview", headers=editor)

    assert answer.status_code == 200
    assert "Hello Ada Lovelace," in answer.json()["text"]
    assert answer.json()["html"].startswith("<!doctype html>")


async def test_a_link_is_previewed_as_most_who_get_one_read_it(
    client: httpx.AsyncClient, editor: Headers
) -> None:
    templates = (await client.get(URL, headers=editor)).json()
    [number] = [one["id"] for one in templates if one["kind"] == Kind.GUEST_LINK]

    answer = await client.post(f"{URL}/{number}/preview", headers=editor)

    assert answer.json()["subject"] == "Confirm your registration: Summer concert"


async def test_a_preview_for_a_guest_shows_everything_but_their_link(
    client: httpx.AsyncClient, editor: Headers, database: Database
) -> None:
    async with database.transaction() as session:
        audience = Audience(session)
        await audience.learn_events([published(title="Gala")])
        await audience.learn_guests([invited(4, name="Grace Hopper")])

    shown = await client.post(f"{URL}/1/preview", json={"rsvp_id": 4}, headers=editor)
    missing = await client.post(f"{URL}/1/preview", json={"rsvp_id": 5}, headers=editor)

    assert "Hello Grace Hopper," in shown.json()["text"]
    assert "Gala" in shown.json()["subject"]
    assert "/rsvp/the-link-of-a-guest" in shown.json()["text"]
    assert missing.json()["code"] == "guest-not-found"


async def test_writing_is_for_admins_and_reading_for_editors(
    client: httpx.AsyncClient, editor: Headers, viewer: Headers
) -> None:
    assert (await client.get(URL)).status_code == 401
    assert (await client.get(URL, headers=viewer)).status_code == 403
    assert (await client.get(f"{URL}/1", headers=editor)).status_code == 200
    assert (await client.post(URL, json=body(), headers=editor)).status_code == 403
    assert (await client.put(f"{URL}/1", json=body(), headers=editor)).status_code == 403
    assert (await client.delete(f"{URL}/1", headers=editor)).status_code == 403
    assert (await client.post(f"{URL}/1/preview", headers=viewer)).status_code == 403
