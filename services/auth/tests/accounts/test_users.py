"""What admins see and change about others."""

import asyncio

import httpx
import pytest
from services.auth.tests.conftest import People, Person, Wire, settings_with
from services.auth.tests.conftest import Wired as WiredApp

from stitch_common.database import Database
from stitch_common.security.principals import Role

USERS = "/api/auth/users"


@pytest.fixture
async def admin(people: People) -> Person:
    return await people.make(Role.ADMIN, "root")


@pytest.fixture
async def headers(people: People, admin: Person) -> dict[str, str]:
    return await people.headers(admin)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
async def test_users_are_for_admins(role: Role, client: httpx.AsyncClient, people: People) -> None:
    headers = await people.headers(await people.make(role))

    answers = [
        await client.get(USERS, headers=headers),
        await client.get(f"{USERS}/1", headers=headers),
        await client.patch(f"{USERS}/1", headers=headers, json={"role": "admin"}),
        await client.get("/api/auth/audit-log", headers=headers),
    ]

    assert [answer.status_code for answer in answers] == [403] * 4


async def test_pages_hold_every_user_once_newest_first(
    client: httpx.AsyncClient, people: People, headers: dict[str, str]
) -> None:
    for _ in range(5):
        await people.make()

    first = await client.get(f"{USERS}?limit=4&count=true", headers=headers)
    second = await client.get(first.links["next"]["url"], headers=headers)

    names = [user["username"] for user in first.json() + second.json()]
    assert names == ["viewer5", "viewer4", "viewer3", "viewer2", "viewer1", "root"]
    assert first.headers["x-total-count"] == "6"
    assert "link" not in second.headers


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("search=zoe", {"zoe.miller"}),
        ("search=MILL", {"zoe.miller", "miller"}),
        ("search=example miller", {"zoe.miller", "miller"}),
        ("search=", {"zoe.miller", "miller"}),
        ("search=nobody", set()),
        ("search=%27) or 1=1 --", set()),
        ("search=!!!", set()),
        ("role=editor", {"miller"}),
        ("is_active=false", set()),
        ("role=editor&search=zoe", set()),
    ],
)
async def test_users_are_found_by_words_role_and_state(
    query: str, found: set[str], client: httpx.AsyncClient, people: People, headers: dict[str, str]
) -> None:
    await people.make(username="zoe.miller")
    await people.make(Role.EDITOR, "miller")

    answer = await client.get(f"{USERS}?{query}", headers=headers)

    assert {user["username"] for user in answer.json()} - {"root"} == found


async def test_a_filter_that_does_not_exist_is_refused_with_those_that_do(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await client.get(f"{USERS}?name=zoe", headers=headers)

    assert answer.status_code == 400
    assert "search" in answer.json()["detail"]


async def test_one_user_is_shown_with_its_version(
    client: httpx.AsyncClient, people: People, headers: dict[str, str]
) -> None:
    viewer = await people.make()

    answer = await client.get(f"{USERS}/{viewer.id}", headers=headers)
    absent = await client.get(f"{USERS}/999999", headers=headers)

    assert answer.json()["username"] == viewer.username
    assert answer.headers["etag"] == f'"v{answer.json()["version"]}"'
    assert absent.status_code == 404


async def test_another_role_is_told_and_in_the_next_token(
    client: httpx.AsyncClient, people: People, headers: dict[str, str], wired: WiredApp
) -> None:
    viewer = await people.make()

    answer = await client.patch(f"{USERS}/{viewer.id}", headers=headers, json={"role": "editor"})

    assert answer.json()["role"] == "editor"
    (fact,) = await wired.facts("role_changed")
    assert (fact["user_id"], fact["role"]) == (viewer.id, "editor")
    token = await people.headers(viewer)
    assert (await client.get("/api/auth/me", headers=token)).json()["role"] == "editor"


async def test_a_deactivated_user_is_out_at_once(
    client: httpx.AsyncClient, people: People, headers: dict[str, str], wired: WiredApp
) -> None:
    viewer = await people.make()
    grant = (await people.log_in(viewer, scope="offline_access")).json()

    answer = await client.patch(f"{USERS}/{viewer.id}", headers=headers, json={"is_active": False})

    assert answer.json()["is_active"] is False
    assert [fact["user_id"] for fact in await wired.facts("deactivated")] == [viewer.id]
    (ended,) = await wired.facts("session.revoked")
    assert (ended["user_id"], ended["reason"]) == (viewer.id, "deactivated")
    refreshed = await client.post(
        "/api/auth/refresh", json={"refresh_token": grant["refresh_token"]}
    )
    logged_in = await client.post(
        "/api/auth/token", data={"username": viewer.username, "password": viewer.password}
    )
    bearer = {"authorization": f"Bearer {grant['access_token']}"}
    me = await client.get("/api/auth/me", headers=bearer)
    assert refreshed.status_code == 401
    assert (logged_in.status_code, logged_in.json()["code"]) == (403, "account-deactivated")
    assert (me.status_code, me.json()["code"]) == (401, "account-unusable")


async def test_an_activated_user_may_log_in_again(
    client: httpx.AsyncClient, people: People, headers: dict[str, str]
) -> None:
    viewer = await people.make()

    for is_active in (False, True):
        await client.patch(f"{USERS}/{viewer.id}", headers=headers, json={"is_active": is_active})

    await people.log_in(viewer)


@pytest.mark.parametrize("change", [{"role": "editor"}, {"is_active": False}])
async def test_the_last_active_admin_stays(
    change: dict[str, object],
    client: httpx.AsyncClient,
    people: People,
    admin: Person,
    headers: dict[str, str],
) -> None:
    other = await people.make(Role.ADMIN)
    await client.patch(f"{USERS}/{other.id}", headers=headers, json={"is_active": False})

    answer = await client.patch(f"{USERS}/{admin.id}", headers=headers, json=change)

    assert (answer.status_code, answer.json()["code"]) == (409, "last-admin")
    assert (await client.get("/api/auth/me", headers=headers)).json()["role"] == "admin"


async def test_admins_who_demote_each_other_at_once_leave_one(
    wire: Wire, busy_database: Database
) -> None:
    wired = await wire(busy_database, settings_with())
    people = People(wired)
    admins = [await people.make(Role.ADMIN) for _ in range(4)]
    headers = [await people.headers(admin) for admin in admins]

    answers = await asyncio.gather(
        *(
            wired.client.patch(
                f"{USERS}/{admins[(number + 1) % 4].id}",
                headers=headers[number],
                json={"role": "viewer"},
            )
            for number in range(4)
        )
    )

    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 409]


async def test_of_parallel_changes_against_one_version_one_succeeds(
    wire: Wire, busy_database: Database
) -> None:
    wired = await wire(busy_database, settings_with())
    people = People(wired)
    headers = await people.headers(await people.make(Role.ADMIN))
    viewer = await people.make()
    etag = (await wired.client.get(f"{USERS}/{viewer.id}", headers=headers)).headers["etag"]

    answers = await asyncio.gather(
        *(
            wired.client.patch(
                f"{USERS}/{viewer.id}",
                headers={**headers, "if-match": etag},
                json={"full_name": f"Name {number}"},
            )
            for number in range(20)
        )
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 19
