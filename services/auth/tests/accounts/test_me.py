"""Your own account."""

import httpx
import pytest
from services.auth.tests.conftest import People, Wired

ME = "/api/auth/me"


@pytest.fixture
async def headers(people: People) -> dict[str, str]:
    return await people.headers(await people.make(username="ada"))


async def test_you_see_your_account_and_no_secret(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await client.get(ME, headers=headers)

    body = answer.json()
    assert (body["username"], body["email"], body["role"]) == ("ada", "ada@example.com", "viewer")
    assert body["is_verified"] is True
    assert answer.headers["etag"] == f'"v{body["version"]}"'
    assert not {"password", "password_hash", "email_key", "search"} & set(body)


async def test_without_a_token_there_is_nothing_to_see(client: httpx.AsyncClient) -> None:
    answer = await client.get(ME)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_changes_merge_and_are_told(
    client: httpx.AsyncClient, headers: dict[str, str], wired: Wired
) -> None:
    await client.patch(ME, headers=headers, json={"preferences": {"theme": "dark", "page": 20}})

    answer = await client.patch(
        ME, headers=headers, json={"full_name": " Ada L. ", "preferences": {"page": None}}
    )

    body = answer.json()
    assert (body["full_name"], body["preferences"]) == ("Ada L.", {"theme": "dark"})
    fact = (await wired.facts("user.updated"))[-1]
    assert (fact["changed"], fact["full_name"]) == (["full_name", "preferences"], "Ada L.")
    assert fact["version"] == body["version"]


async def test_what_is_not_yours_to_change_is_ignored(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    wish = {"role": "admin", "is_admin": True, "is_active": False, "email": "x@example.com"}

    answer = await client.patch(ME, headers=headers, json={**wish, "id": 99})

    body = answer.json()
    assert (body["role"], body["is_active"], body["email"]) == ("viewer", True, "ada@example.com")


async def test_a_change_of_nothing_is_no_new_version(
    client: httpx.AsyncClient, headers: dict[str, str], wired: Wired
) -> None:
    before = (await client.get(ME, headers=headers)).json()

    after = await client.patch(ME, headers=headers, json={"full_name": before["full_name"]})

    assert after.json()["version"] == before["version"]
    assert await wired.facts("user.updated") == []


async def test_a_change_against_an_older_version_is_refused_and_says_what_changed(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    etag = (await client.get(ME, headers=headers)).headers["etag"]
    await client.patch(ME, headers=headers, json={"full_name": "Ada L."})

    stale = await client.patch(
        ME, headers={**headers, "if-match": etag}, json={"full_name": "Ada K."}
    )

    assert stale.status_code == 412
    assert stale.json()["changed"] == ["full_name"]


@pytest.mark.parametrize(
    "body", [{"full_name": " "}, {"full_name": "x" * 201}, {"preferences": []}, {"full_name": 1}]
)
async def test_a_malformed_change_names_its_field(
    body: dict[str, object], client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await client.patch(ME, headers=headers, json=body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"/{next(iter(body))}"


async def test_preferences_have_a_limit_in_total(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    half = "x" * 9000

    await client.patch(ME, headers=headers, json={"preferences": {"a": half}})
    answer = await client.patch(ME, headers=headers, json={"preferences": {"b": half}})

    assert (answer.status_code, answer.json()["code"]) == (422, "preferences-too-large")
