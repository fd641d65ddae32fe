"""Logging in (S1, S11, S14, S41, S43, S46, S50, S52)."""

from base64 import b64encode
from datetime import timedelta

import httpx
import jwt
import pytest
from prometheus_client import REGISTRY
from pydantic import SecretStr
from services.auth.tests.conftest import KEY, PASSWORD, People, Person, Wire, Wired, settings_with

from stitch_common.database import Database
from stitch_common.testing.clock import NOW, SettableClock

TOKEN = "/api/auth/token"


@pytest.fixture
async def ada(people: People) -> Person:
    return await people.make(username="ada")


def form(password: str = PASSWORD, username: str = "ada", **more: str) -> dict[str, str]:
    return {"grant_type": "password", "username": username, "password": password, **more}


def logins(outcome: str) -> float:
    return REGISTRY.get_sample_value("stitch_auth_logins_total", {"outcome": outcome}) or 0


@pytest.mark.parametrize("username", ["ada", "ADA", " ada ", "ada@example.com", "ADA@Example.com"])
async def test_people_log_in_by_any_spelling_of_their_names(
    username: str, client: httpx.AsyncClient, ada: Person
) -> None:
    answer = await client.post(TOKEN, data=form(username=username))

    body = answer.json()
    assert answer.status_code == 200
    assert set(body) == {"access_token", "token_type", "expires_in", "scope"}
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("bearer", 900, "api")
    assert answer.headers["cache-control"] == "no-store"


async def test_multipart_and_a_missing_grant_type_will_do(
    client: httpx.AsyncClient, ada: Person
) -> None:
    parts = {"username": (None, "ada"), "password": (None, PASSWORD)}

    assert (await client.post(TOKEN, files=parts)).status_code == 200


async def test_the_access_token_is_the_contract_s(
    client: httpx.AsyncClient, ada: Person, wired: Wired
) -> None:
    token = (await client.post(TOKEN, data=form())).json()["access_token"]

    (key,) = (await client.get("/api/auth/.well-known/jwks.json")).json()["keys"]
    claims = jwt.decode(
        token,
        jwt.PyJWK.from_dict(key),
        algorithms=["RS256"],
        audience="stitch-cms",
        options={"verify_exp": False, "verify_iat": False},
    )
    assert jwt.get_unverified_header(token) == {
        "alg": "RS256", "typ": "at+jwt", "kid": key["kid"],
    }  # fmt: skip
    (session,) = await wired.rows("select sid from auth.sessions")
    assert len(claims.pop("jti")) == 32
    assert claims == {
        "iss": "stitch-cms-api",
        "aud": "stitch-cms",
        "sub": str(ada.id),
        "uname": "ada",
        "role": "viewer",
        "scope": "api",
        "client_id": "stitch-web",
        "sid": session["sid"],
        "iat": int(NOW.timestamp()),
        "exp": int((NOW + timedelta(minutes=15)).timestamp()),
    }


async def test_the_refresh_token_is_a_cookie_that_only_the_browser_sees(
    client: httpx.AsyncClient, ada: Person
) -> None:
    answer = await client.post(TOKEN, data=form())

    name, _, rest = answer.headers.get_list("set-cookie")[0].partition("=")
    token, *attributes = rest.split("; ")
    assert name == "__Host-stitch-refresh"
    assert set(attributes) == {
        "HttpOnly", "Secure", "SameSite=strict", "Path=/", "Max-Age=1209600",
    }  # fmt: skip
    assert token not in answer.text


async def test_on_the_own_machine_the_cookie_has_a_plain_name(
    wire: Wire, database: Database
) -> None:
    wired = await wire(database, settings_with(public_url="http://localhost:8000"))
    await People(wired).make(username="ada")

    cookie = (await wired.client.post(TOKEN, data=form())).headers["set-cookie"]

    assert cookie.startswith("stitch-refresh=")
    assert "Secure" not in cookie
    assert "HttpOnly" in cookie


async def test_programs_get_the_refresh_token_in_the_body_instead(
    client: httpx.AsyncClient, ada: Person
) -> None:
    answer = await client.post(TOKEN, data=form(scope="offline_access"))

    assert answer.json()["scope"] == "api offline_access"
    assert len(answer.json()["refresh_token"]) > 64
    assert "set-cookie" not in answer.headers


async def test_a_wrong_password_and_an_unknown_name_answer_the_same(
    client: httpx.AsyncClient, ada: Person
) -> None:
    wrong = await client.post(TOKEN, data=form("not-the-password"))
    unknown = await client.post(TOKEN, data=form(username="nobody"))
    too_long = await client.post(TOKEN, data=form("x" * 5000))

    assert [a.status_code for a in (wrong, unknown, too_long)] == [401] * 3
    assert wrong.json()["code"] == "invalid-credentials"
    assert wrong.json()["error"] == "invalid_grant"
    bodies = [{**a.json(), "request_id": ""} for a in (wrong, unknown, too_long)]
    assert bodies[0] == bodies[1] == bodies[2]
    headers = [
        {k: v for k, v in a.headers.items() if k != "x-request-id"} for a in (wrong, unknown)
    ]
    assert headers[0] == headers[1]


async def test_only_the_right_password_is_told_what_is_wrong_with_the_account(
    client: httpx.AsyncClient, ada: Person, wired: Wired
) -> None:
    await wired.rows("update auth.users set email_verified_at = null")

    right = await client.post(TOKEN, data=form())
    wrong = await client.post(TOKEN, data=form("not-the-password"))

    assert (right.status_code, right.json()["code"]) == (403, "email-not-verified")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "invalid-credentials")


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"username": "ada"},
        {"password": PASSWORD},
        {"username": "x" * 300, "password": PASSWORD},
        {"username": "a\x00", "password": PASSWORD},
    ],
)
async def test_an_incomplete_form_is_refused(
    broken: dict[str, str], client: httpx.AsyncClient, ada: Person
) -> None:
    answer = await client.post(TOKEN, data=broken)

    assert answer.status_code == 422
    assert PASSWORD not in answer.text


async def test_another_grant_is_refused_in_oauth_s_words(client: httpx.AsyncClient) -> None:
    answer = await client.post(TOKEN, data={**form(), "grant_type": "authorization_code"})

    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


async def test_a_page_of_another_site_logs_nobody_in(
    client: httpx.AsyncClient, ada: Person
) -> None:
    answer = await client.post(TOKEN, data=form(), headers={"origin": "https://evil.example"})

    assert (answer.status_code, answer.json()["code"]) == (403, "cross-site")
    assert "set-cookie" not in answer.headers


async def test_what_happened_is_told_and_counted(
    client: httpx.AsyncClient, ada: Person, wired: Wired
) -> None:
    before = logins("succeeded"), logins("failed")

    await client.post(TOKEN, data=form("not-the-password"))
    await client.post(TOKEN, data=form(username="nobody"))
    await client.post(TOKEN, data=form())

    assert (logins("succeeded"), logins("failed")) == (before[0] + 1, before[1] + 2)
    assert [fact["user_id"] for fact in await wired.facts("login.failed")] == [ada.id]
    (session,) = await wired.rows("select sid from auth.sessions")
    (succeeded,) = await wired.facts("login.succeeded")
    assert (succeeded["user_id"], succeeded["sid"]) == (ada.id, session["sid"])


async def test_while_throttled_right_and_wrong_answer_the_same(
    client: httpx.AsyncClient, ada: Person
) -> None:
    """S43: in status, body and headers."""
    for _ in range(5):
        await client.post(TOKEN, data=form("not-the-password"))
    before = logins("throttled")

    wrong = await client.post(TOKEN, data=form("not-the-password"))
    right = await client.post(TOKEN, data=form(username="ada@example.com"))

    assert (wrong.status_code, right.status_code) == (429, 429)
    assert {**wrong.json(), "request_id": ""} == {**right.json(), "request_id": ""}
    assert {**wrong.headers, "x-request-id": ""} == {**right.headers, "x-request-id": ""}
    assert 30 <= int(wrong.headers["retry-after"]) <= 32
    assert logins("throttled") == before + 2


async def test_unknown_names_are_throttled_like_known_ones(client: httpx.AsyncClient) -> None:
    answers = [await client.post(TOKEN, data=form(username="nobody")) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [401] * 5 + [429]


async def test_the_owner_logs_in_from_elsewhere_and_after_the_wait(
    wire: Wire, database: Database, clock: SettableClock
) -> None:
    trusting = settings_with(trusted_proxies=("127.0.0.0/8",))
    wired = await wire(database, trusting)
    await People(wired).make(username="ada")
    attacker, owner = ({"x-forwarded-for": f"203.0.113.{n}"} for n in (6, 7))
    for _ in range(6):
        await wired.client.post(TOKEN, data=form("not-the-password"), headers=attacker)

    elsewhere = await wired.client.post(TOKEN, data=form(), headers=owner)
    wired.client.cookies.clear()
    clock.advance(timedelta(seconds=32))
    later = await wired.client.post(TOKEN, data=form(), headers=attacker)

    assert (elsewhere.status_code, later.status_code) == (200, 200)


async def test_a_client_can_not_choose_its_address(wire: Wire, database: Database) -> None:
    wired = await wire(database, settings_with(trusted_proxies=()))
    answers = [
        await wired.client.post(
            TOKEN, data=form(username="nobody"), headers={"x-forwarded-for": f"203.0.113.{n}"}
        )
        for n in range(6)
    ]

    assert answers[-1].status_code == 429


async def test_a_log_in_renews_an_outdated_hash_once(wire: Wire, database: Database) -> None:
    old = await wire(database, settings_with())
    await People(old).make(username="ada")
    newer = SecretStr(b64encode(b"n" * 32).decode())
    wired = await wire(
        database, settings_with(hashing_passes=2, password_peppers={"p1": KEY, "p2": newer})
    )
    hashes = [row["password_hash"] for row in await wired.rows("select * from auth.users")]

    for _ in range(3):
        assert (await wired.client.post(TOKEN, data=form())).status_code == 200
        hashes += [row["password_hash"] for row in await wired.rows("select * from auth.users")]

    assert hashes[0].startswith("p1$")
    assert hashes[1].startswith("p2$argon2id$v=19$m=8,t=2,p=1$")
    assert hashes[1] == hashes[2] == hashes[3]


async def test_an_idempotency_key_stores_no_tokens(
    client: httpx.AsyncClient, ada: Person, wired: Wired
) -> None:
    headers = {"idempotency-key": "once"}

    first = await client.post(f"{TOKEN}/", data=form(scope="offline_access"), headers=headers)
    again = await client.post(TOKEN, data=form(scope="offline_access"), headers=headers)

    assert first.json()["refresh_token"] != again.json()["refresh_token"]
    assert await wired.rows("select * from auth.idempotency_keys") == []


async def test_the_database_holds_nothing_that_could_be_used(
    client: httpx.AsyncClient, ada: Person, wired: Wired
) -> None:
    granted = (await client.post(TOKEN, data=form(scope="offline_access"))).json()

    tables = ("users", "sessions", "audit_log", "outbox", "idempotency_keys")
    stored = "".join([str(await wired.rows(f"select t::text from auth.{t} t")) for t in tables])  # noqa: S608 - the names above

    assert granted["refresh_token"] not in stored
    assert granted["access_token"] not in stored
    assert PASSWORD not in stored
