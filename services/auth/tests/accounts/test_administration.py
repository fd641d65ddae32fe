"""Admins invite, log out and remove people, and never the last of themselves (S17, S57)."""

from typing import Any

import httpx
import pytest
from services.auth.tests.conftest import PASSWORD, People, Person, Wired
from services.auth.tests.mailbox import newest_token

from stitch_common.http.etags import etag
from stitch_common.security.principals import Role
from stitch_common.testing.clock import SettableClock

USERS = "/api/auth/users"
INVITED = {"email": "eve@example.com", "username": "eve", "full_name": "Eve", "role": "editor"}


@pytest.fixture
async def chief(people: People) -> Person:
    return await people.make(Role.ADMIN, "chief")


@pytest.fixture
async def admin(people: People, chief: Person) -> dict[str, str]:
    return await people.headers(chief)


@pytest.fixture
async def ada(people: People) -> Person:
    return await people.make(username="ada")


class TestInvitation:
    async def test_who_is_invited_sets_a_password_by_mail_and_logs_in(
        self, client: httpx.AsyncClient, wired: Wired, admin: Any, clock: SettableClock
    ) -> None:
        made = await client.post(USERS, json=INVITED, headers=admin)
        token = await newest_token(wired, clock, "reset-password")
        before = {"username": "eve", "password": PASSWORD}
        refused = await client.post("/api/auth/token", data=before)

        done = await client.post(
            "/api/auth/password-reset/confirm", json={"token": token, "password": PASSWORD}
        )

        assert (made.status_code, refused.status_code, done.status_code) == (201, 401, 200)
        assert made.json()["role"] == "editor"
        assert made.headers["location"] == f"{USERS}/{made.json()['id']}"
        assert (await client.post("/api/auth/token", data=before)).status_code == 200
        (mail,) = await wired.facts("password_reset.requested")
        assert mail["is_invitation"] is True

    @pytest.mark.parametrize(
        ("change", "code"),
        [({"email": "ADA@example.com"}, "email-known"), ({"username": "Ada"}, "username-taken")],
    )
    async def test_what_is_taken_is_refused(
        self, change: Any, code: str, client: httpx.AsyncClient, admin: Any, ada: Person
    ) -> None:
        answer = await client.post(USERS, json={**INVITED, **change}, headers=admin)

        assert (answer.status_code, answer.json()["code"]) == (409, code)


async def test_a_removed_user_can_do_nothing_and_the_names_are_free(
    client: httpx.AsyncClient, wired: Wired, people: People, admin: Any, ada: Person
) -> None:
    await people.headers(ada)

    removed = await client.delete(f"{USERS}/{ada.id}", headers=admin)

    assert removed.status_code == 204
    form = {"username": "ada", "password": PASSWORD}
    assert (await client.post("/api/auth/token", data=form)).status_code == 401
    assert (await client.get(f"{USERS}/{ada.id}", headers=admin)).status_code == 404
    assert (await client.delete(f"{USERS}/{ada.id}", headers=admin)).status_code == 404
    assert [fact["user_id"] for fact in await wired.facts("user.deleted")] == [ada.id]
    assert [fact["reason"] for fact in await wired.facts("session.revoked")] == ["deleted"]
    await people.make(username="ada")


async def test_the_last_admin_stays(client: httpx.AsyncClient, admin: Any, chief: Person) -> None:
    answer = await client.delete(f"{USERS}/{chief.id}", headers=admin)

    assert (answer.status_code, answer.json()["code"]) == (409, "last-admin")


async def test_a_stale_removal_is_refused(
    client: httpx.AsyncClient, admin: Any, ada: Person
) -> None:
    headers = {**admin, "if-match": etag(99)}

    assert (await client.delete(f"{USERS}/{ada.id}", headers=headers)).status_code == 412


async def test_an_admin_logs_somebody_out_everywhere(
    client: httpx.AsyncClient, wired: Wired, people: People, admin: Any, ada: Person
) -> None:
    await people.headers(ada)
    await people.headers(ada)

    answer = await client.delete(f"{USERS}/{ada.id}/sessions", headers=admin)

    assert answer.status_code == 204
    revoked = await wired.facts("session.revoked")
    assert [(fact["user_id"], fact["reason"]) for fact in revoked] == [(ada.id, "admin")] * 2
    assert (await client.delete(f"{USERS}/999/sessions", headers=admin)).status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", USERS), ("DELETE", f"{USERS}/1"), ("DELETE", f"{USERS}/1/sessions")],
)
@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
async def test_only_admins_may(
    method: str, path: str, role: Role, client: httpx.AsyncClient, people: People
) -> None:
    headers = await people.headers(await people.make(role))

    assert (await client.request(method, path, json=INVITED, headers=headers)).status_code == 403
    assert (await client.request(method, path, json=INVITED)).status_code == 401
