"""Every event is in the audit log: who, from where, how it ended, in which request (S54)."""

from datetime import timedelta
from typing import Any

import pytest
from services.auth.tests.conftest import PASSWORD, People, Person, Wired
from services.auth.tests.mailbox import newest_token
from services.auth.tests.mfa.test_routes import App

from stitch_auth.keys.service import KeyLifecycle
from stitch_common.security.principals import Role
from stitch_common.testing.clock import SettableClock

WANTED = "orchid-tractor-lagoon-17"
ADDRESS, REQUEST = "203.0.113.7", "the-request-that-is-told"


class Actor:
    """Somebody at a known address whose requests have a known id."""

    def __init__(self, wired: Wired, token: str | None = None) -> None:
        self._wired = wired
        self._headers = {"x-forwarded-for": ADDRESS, "x-request-id": REQUEST}
        self._headers |= {"x-requested-with": "test"}
        if token:
            self._headers["authorization"] = f"Bearer {token}"

    async def do(self, method: str, path: str, **body: Any) -> Any:
        answer = await self._wired.client.request(
            method, f"/api/auth{path}", headers=self._headers, **body
        )
        assert answer.status_code < 500, answer.text
        return answer.json() if answer.content else None

    async def post(self, path: str, **body: Any) -> Any:
        return await self.do("POST", path, json=body)


class Story:
    """What happens in this house, step by step."""

    def __init__(self, wired: Wired, people: People, clock: SettableClock) -> None:
        self.wired, self.people, self.clock = wired, people, clock
        self.anybody = Actor(wired)

    async def log_in(self, name: str, password: str = PASSWORD, **form: str) -> dict[str, str]:
        data = {"username": name, "password": password, "scope": "offline_access", **form}
        granted: dict[str, str] = await self.anybody.do("POST", "/token", data=data)
        return granted

    async def as_(self, name: str, password: str = PASSWORD) -> Actor:
        self.clock.advance(timedelta(minutes=5))
        return Actor(self.wired, (await self.log_in(name, password))["access_token"])

    async def registering(self) -> None:
        wish = {"email": "ada@example.com", "username": "ada", "password": PASSWORD}
        await self.anybody.post("/register", **wish)
        await self.anybody.post("/verify-email/resend", email="ada@example.com")
        token = await newest_token(self.wired, self.clock, "verify-email")
        await self.anybody.post("/verify-email", token=token)
        await self.anybody.post("/register", **{**wish, "username": "ada2"})

    async def sessions(self) -> None:
        await self.log_in("ada", "a-wrong-password")
        await self.log_in("nobody", "a-wrong-password")
        granted = await self.log_in("ada")
        renewed = await self.anybody.post("/refresh", refresh_token=granted["refresh_token"])
        await self.anybody.post("/refresh", refresh_token=renewed["refresh_token"])
        await self.anybody.post("/refresh", refresh_token=granted["refresh_token"])
        await (await self.as_("ada")).post("/logout")
        await (await self.as_("ada")).post("/logout-all")

    async def credentials(self) -> None:
        ada = await self.as_("ada")
        wrong = {"current_password": "a-wrong-password", "password": WANTED}
        await ada.post("/me/password", **wrong)
        await ada.post("/me/password", current_password=PASSWORD, password=WANTED)
        await ada.post("/me/email", email="countess@example.org", password=WANTED)
        token = await newest_token(self.wired, self.clock, "verify-email")
        await self.anybody.post("/verify-email", token=token)
        await ada.do("PATCH", "/me", json={"full_name": "Ada L."})
        self.clock.advance(timedelta(minutes=2))
        await self.anybody.post("/password-reset", email="countess@example.org")
        await self.anybody.post("/password-reset", email="nobody@example.org")
        token = await newest_token(self.wired, self.clock, "reset-password")
        await self.anybody.post("/password-reset/confirm", token=token, password=PASSWORD)

    async def second_factor(self, ada_id: int, root: Actor) -> None:
        ada = await self.as_("ada")
        for _ in range(2):
            secret = (await ada.post("/me/mfa/totp", password=PASSWORD))["secret"]
            await ada.post("/me/mfa/totp/confirm", code="000000")
            app = App(secret, self.clock)
            await ada.post("/me/mfa/totp/confirm", code=app.code())
            await ada.do("DELETE", "/me/mfa/totp", json={"password": PASSWORD})
            self.clock.advance(timedelta(minutes=1))
        await ada.post("/me/mfa/totp", password=PASSWORD)
        await root.do("DELETE", f"/users/{ada_id}/mfa/totp")

    async def administration(self, ada_id: int, root: Actor) -> None:
        wanted = {"email": "grace@example.com", "username": "grace"}
        grace = (await root.post("/users", **wanted))["id"]
        for change in ({"role": "editor"}, {"is_active": False}, {"is_active": True}):
            await root.do("PATCH", f"/users/{grace}", json=change)
        await root.do("PATCH", f"/users/{grace}", json={"full_name": "Grace H."})
        await root.do("DELETE", f"/users/{grace}")
        await root.do("DELETE", f"/users/{ada_id}/sessions")

    async def programs(self, root: Actor) -> None:
        key = await root.post("/api-keys", name="import", role="editor", expires_in_days=1)
        form = {"grant_type": "client_credentials", "client_id": key["client_id"]}
        for secret in ("a-wrong-secret", key["client_secret"]):
            form["client_secret"] = secret
            granted = await self.anybody.do("POST", "/token", data=form)
        await Actor(self.wired, granted["access_token"]).post("/logout")
        await root.do("DELETE", f"/api-keys/{key['id']}")

    async def keys(self, root: Actor) -> None:
        runtime = self.wired.runtime
        await KeyLifecycle(runtime.database, self.clock, runtime.settings).tick()
        self.clock.advance(timedelta(minutes=11))
        await root.post("/keys/rotate")
        kid = (await root.do("GET", "/keys"))[-1]["kid"]
        await root.post(f"/keys/{kid}/revoke")

    async def objecting(self) -> None:
        token = await newest_token(self.wired, self.clock, "not-me")
        await self.anybody.post("/not-me", token=token)


EXPECTED = {
    "user.registered": {"success", "failure"},
    "user.verification_sent": {"success"},
    "user.verified": {"success"},
    "login": {"success", "failure"},
    "session.refreshed": {"success", "failure"},
    "session.ended": {"success"},
    "token.revoked": {"success"},
    "password.checked": {"failure"},
    "password.changed": {"success"},
    "password.reset_requested": {"success", "failure"},
    "password.reset": {"success"},
    "user.email_change_requested": {"success"},
    "user.email_changed": {"success"},
    "user.updated": {"success"},
    "mfa.begun": {"success"},
    "mfa.enabled": {"success", "failure"},
    "mfa.disabled": {"success"},
    "mfa.reset": {"success"},
    "user.invited": {"success"},
    "user.made_editor": {"success"},
    "user.deactivated": {"success"},
    "user.activated": {"success"},
    "user.deleted": {"success"},
    "user.logged_out": {"success"},
    "api_key.created": {"success"},
    "api_key.used": {"success", "failure"},
    "api_key.revoked": {"success"},
    "key.rotated": {"success"},
    "key.revoked": {"success"},
    "notice.objected": {"success"},
}
BY_THE_SYSTEM = {"key.created", "key.rotated"}


@pytest.fixture
async def told(wired: Wired, people: People, clock: SettableClock) -> list[dict[str, Any]]:
    """The audit log after everything that can happen has happened."""
    boss: Person = await people.make(Role.ADMIN, "root")
    await wired.rows("delete from auth.audit_log")
    story = Story(wired, people, clock)
    await story.registering()
    (row,) = await wired.rows("select id from auth.users where username = 'ada'")
    await story.sessions()
    await story.credentials()
    root = await story.as_(boss.username)
    await story.second_factor(row["id"], root)
    await story.administration(row["id"], await story.as_(boss.username))
    await story.programs(await story.as_(boss.username))
    await story.objecting()
    await story.keys(await story.as_(boss.username))
    return await wired.rows("select * from auth.audit_log")


async def test_every_event_is_told_with_its_result(told: list[dict[str, Any]]) -> None:
    found: dict[str, set[str]] = {}
    for entry in told:
        found.setdefault(entry["action"], set()).add(str(entry["result"]))

    assert {action: found.get(action) for action in EXPECTED} == EXPECTED
    assert set(found) - set(EXPECTED) <= {"key.created", "user.made_viewer"}


async def test_every_entry_tells_from_where_and_in_which_request(
    told: list[dict[str, Any]],
) -> None:
    without = {e["action"] for e in told if (e["ip"], e["request_id"]) != (ADDRESS, REQUEST)}

    assert without <= BY_THE_SYSTEM
    assert all(e["user_agent"].startswith("python-httpx") for e in told if e["ip"])


async def test_no_entry_holds_what_was_typed_or_given(told: list[dict[str, Any]]) -> None:
    text = str(told)

    for secret in (PASSWORD, WANTED, "a-wrong-password", "a-wrong-secret", "eyJ", "000000"):
        assert secret not in text
