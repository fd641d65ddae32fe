"""A second factor: asked for at log-in, each code once, recovery codes when the device is lost."""

import asyncio
from base64 import b32decode, b64encode
from datetime import timedelta
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from pydantic import SecretStr
from services.auth.tests.conftest import KEY, PASSWORD, People, Person, Wire, Wired, settings_with

from stitch_auth.worker import rewrap
from stitch_common.database import Database
from stitch_common.security.principals import Role
from stitch_common.testing.clock import SettableClock

MFA, TOKEN = "/api/auth/me/mfa/totp", "/api/auth/token"
STEP = timedelta(seconds=30)


class App:
    """Somebody's authenticator app."""

    def __init__(self, secret: str, clock: SettableClock) -> None:
        self._totp = TOTP(b32decode(secret), 6, SHA1(), 30)  # noqa: S303 - what apps do
        self._clock = clock

    def code(self) -> str:
        return self._totp.generate(int(self._clock().timestamp())).decode()


@pytest.fixture
async def ada(people: People) -> Person:
    return await people.make(username="ada")


@pytest.fixture
async def headers(people: People, ada: Person) -> dict[str, str]:
    return await people.headers(ada)


async def begin(client: httpx.AsyncClient, headers: dict[str, str]) -> httpx.Response:
    return await client.post(MFA, json={"password": PASSWORD}, headers=headers)


async def enable(
    client: httpx.AsyncClient, headers: dict[str, str], clock: SettableClock
) -> tuple[App, list[str]]:
    app = App((await begin(client, headers)).json()["secret"], clock)
    body = {"code": app.code()}
    confirmed = await client.post(f"{MFA}/confirm", json=body, headers=headers)
    assert confirmed.status_code == 200, confirmed.text
    clock.advance(STEP)
    return app, confirmed.json()["recovery_codes"]


async def log_in(client: httpx.AsyncClient, **more: str) -> httpx.Response:
    data = {"username": "ada", "password": PASSWORD, **more}
    return await client.post(TOKEN, data=data)


async def test_a_log_in_needs_the_code_from_the_confirmation_on(
    client: httpx.AsyncClient, headers: dict[str, str], clock: SettableClock
) -> None:
    await begin(client, headers)
    assert (await log_in(client)).status_code == 200

    app, _ = await enable(client, headers, clock)
    without = await log_in(client)
    wrong = await log_in(client, otp="000000")
    right = await log_in(client, otp=app.code())

    assert (without.status_code, without.json()["code"]) == (401, "mfa_required")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "wrong-code")
    assert right.status_code == 200


async def test_who_does_not_know_the_password_learns_nothing_of_the_second_factor(
    client: httpx.AsyncClient, headers: dict[str, str], clock: SettableClock
) -> None:
    app, _ = await enable(client, headers, clock)

    answer = await log_in(client, password="wrong-password-of-ada", otp=app.code())

    assert answer.json()["code"] == "invalid-credentials"


async def test_a_code_works_once_also_for_two_at_once(
    wire: Wire, busy_database: Database, clock: SettableClock
) -> None:
    wired = await wire(busy_database, settings_with())
    people = People(wired)
    headers = await people.headers(await people.make(username="ada"))
    app, _ = await enable(wired.client, headers, clock)

    answers = await asyncio.gather(*(log_in(wired.client, otp=app.code()) for _ in range(3)))

    assert sorted(answer.status_code for answer in answers) == [200, 401, 401]


@pytest.mark.parametrize(("drift", "status"), [(-2, 401), (-1, 200), (1, 200), (2, 401)])
async def test_a_clock_may_be_off_by_one_step(
    drift: int,
    status: int,
    client: httpx.AsyncClient,
    headers: dict[str, str],
    clock: SettableClock,
) -> None:
    app, _ = await enable(client, headers, clock)
    clock.advance(STEP * 10)
    clock.advance(STEP * drift)
    code = app.code()
    clock.advance(STEP * -drift)

    assert (await log_in(client, otp=code)).status_code == status


async def test_a_recovery_code_works_once_however_it_is_typed(
    client: httpx.AsyncClient, headers: dict[str, str], clock: SettableClock
) -> None:
    _, codes = await enable(client, headers, clock)

    first = await log_in(client, otp=codes[0].upper().replace("-", " "))
    again = await log_in(client, otp=codes[0])
    other = await log_in(client, otp=codes[1])

    assert len(set(codes)) == 10
    assert [answer.status_code for answer in (first, again, other)] == [200, 401, 200]


async def test_guessing_codes_is_throttled_like_guessing_passwords(
    client: httpx.AsyncClient, headers: dict[str, str], clock: SettableClock
) -> None:
    await enable(client, headers, clock)
    clock.advance(STEP)

    answers = [await log_in(client, otp="000000") for _ in range(6)]

    assert [answer.status_code for answer in answers] == [401] * 5 + [429]


async def test_the_password_is_enough_again_after_removal(
    client: httpx.AsyncClient, headers: dict[str, str], clock: SettableClock
) -> None:
    await enable(client, headers, clock)
    wrong = await client.request("DELETE", MFA, json={"password": "x" * 12}, headers=headers)

    removed = await client.request("DELETE", MFA, json={"password": PASSWORD}, headers=headers)
    again = await client.request("DELETE", MFA, json={"password": PASSWORD}, headers=headers)

    assert (wrong.status_code, removed.status_code, again.status_code) == (403, 204, 404)
    assert (await log_in(client)).status_code == 200


async def test_a_second_factor_that_counts_is_not_replaced(
    client: httpx.AsyncClient, headers: dict[str, str], clock: SettableClock
) -> None:
    app, _ = await enable(client, headers, clock)

    begun = await begin(client, headers)
    confirmed = await client.post(f"{MFA}/confirm", json={"code": app.code()}, headers=headers)

    assert (begun.status_code, begun.json()["code"]) == (409, "mfa-enabled")
    assert confirmed.status_code == 409


async def test_a_wrong_code_confirms_nothing(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    early = await client.post(f"{MFA}/confirm", json={"code": "000000"}, headers=headers)
    await begin(client, headers)
    wrong = await client.post(f"{MFA}/confirm", json={"code": "abc"}, headers=headers)

    assert (early.status_code, early.json()["code"]) == (404, "mfa-not-started")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "wrong-code")
    assert (await log_in(client)).status_code == 200


async def test_neither_secret_nor_recovery_codes_can_be_read_in_the_database(
    client: httpx.AsyncClient, wired: Wired, headers: dict[str, str], clock: SettableClock
) -> None:
    secret = (await begin(client, headers)).json()["secret"]
    _, codes = await enable(client, headers, clock)

    (row,) = await wired.rows("select * from auth.second_factors")
    stored: Any = str(row) + str(await wired.rows("select * from auth.audit_log"))

    assert row["sealed_secret"].startswith(b"k1:")
    assert b32decode(secret) not in row["sealed_secret"]
    assert secret not in stored
    assert codes[0] not in stored


async def test_it_works_on_after_its_secret_was_sealed_again(
    wire: Wire, wired: Wired, headers: dict[str, str], clock: SettableClock
) -> None:
    app, _ = await enable(wired.client, headers, clock)
    both = {"k1": KEY, "k2": SecretStr(b64encode(b"n" * 32).decode())}
    later = await wire(wired.runtime.database, settings_with(secret_keys=both))

    told = await rewrap(later.runtime)

    assert "1 second factors" in told
    assert (await log_in(later.client, otp=app.code())).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"), [("POST", MFA), ("POST", f"{MFA}/confirm"), ("DELETE", MFA)]
)
async def test_nobody_else_may(method: str, path: str, client: httpx.AsyncClient) -> None:
    assert (await client.request(method, path, json={})).status_code == 401


async def reset_of(
    client: httpx.AsyncClient, people: People, user_id: int, role: Role = Role.ADMIN
) -> httpx.Response:
    headers = await people.headers(await people.make(role, f"{role}-of-all"))
    return await client.delete(f"/api/auth/users/{user_id}/mfa/totp", headers=headers)


async def test_an_admin_lets_in_who_has_lost_the_device_and_the_owner_is_told(
    client: httpx.AsyncClient,
    wired: Wired,
    people: People,
    ada: Person,
    headers: dict[str, str],
    clock: SettableClock,
) -> None:
    await enable(client, headers, clock)

    answer = await reset_of(client, people, ada.id)

    assert answer.status_code == 204
    assert (await log_in(client)).status_code == 200
    notices = await wired.facts("security_notice.requested")
    assert [notice["about"] for notice in notices] == [
        "second-factor-added", "second-factor-removed",
    ]  # fmt: skip
    assert (notices[-1]["email"], notices[-1]["ip"]) == (ada.email, None)
    (entry,) = await wired.rows("select * from auth.audit_log where action = 'mfa.reset'")
    assert (entry["subject"], entry["result"]) == (f"user:{ada.id}", "success")
    assert entry["actor_id"] not in {ada.id, None}


@pytest.mark.parametrize("user_id", [1_000_000, None], ids=["nobody", "without a factor"])
async def test_there_is_nothing_to_reset_where_there_is_no_factor(
    user_id: int | None, client: httpx.AsyncClient, people: People, ada: Person
) -> None:
    answer = await reset_of(client, people, user_id or ada.id)

    assert (answer.status_code, answer.json()["code"]) == (404, "no-second-factor")


async def test_nobody_but_an_admin_resets_a_factor(
    client: httpx.AsyncClient, people: People, ada: Person
) -> None:
    refused = await reset_of(client, people, ada.id, Role.EDITOR)
    anonymous = await client.delete(f"/api/auth/users/{ada.id}/mfa/totp")

    assert (refused.status_code, anonymous.status_code) == (403, 401)


async def test_the_owner_is_told_when_the_factor_is_gone(
    client: httpx.AsyncClient, wired: Wired, headers: dict[str, str], clock: SettableClock
) -> None:
    await enable(client, headers, clock)

    await client.request("DELETE", MFA, json={"password": PASSWORD}, headers=headers)

    notices = await wired.facts("security_notice.requested")
    assert [notice["about"] for notice in notices][1:] == ["second-factor-removed"]
