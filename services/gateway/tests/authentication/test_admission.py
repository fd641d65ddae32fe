"""Who passes to which route."""

from datetime import timedelta

import httpx
import jwt
import pytest

from stitch_common.clock import utc_now
from stitch_common.security.principals import Principal
from stitch_common.security.tokens import TokenVerifier
from stitch_common.testing.recording import Backend
from stitch_common.testing.tokens import AUDIENCE, ISSUER, KID, Issuer, test_key
from stitch_gateway.authentication.service import Guard
from stitch_gateway.routing.models import BEARER, Access, public


class BrokenVerifier(TokenVerifier):
    """A verifier in which something goes wrong that nobody has thought of."""

    async def verify(self, token: str) -> Principal:
        raise ZeroDivisionError(token)


GUEST = {"authorization": "RSVP AbC-_123"}


def count(backends: dict[str, Backend]) -> int:
    return sum(len(backend.seen) for backend in backends.values())


async def test_without_a_credential_a_private_route_stays_closed(
    client: httpx.AsyncClient, backends: dict[str, Backend]
) -> None:
    answer = await client.get("/api/events")

    assert (answer.status_code, answer.json()["code"]) == (401, "not-authenticated")
    assert answer.headers["www-authenticate"] == 'Bearer realm="stitch"'
    assert count(backends) == 0


@pytest.mark.parametrize(
    "credential",
    [
        "Bearer",
        "Bearer a b",
        "Bearer x.y.z",
        "bearer undefined",
        "Basic YTpi",
        "RSVP AbC",
        "Token abc",
        "Bearer {token},",
        "Bearer {token}.x",
        "Bearer {token}=",
        "Bearer {token} {token}",
    ],
)
async def test_another_credential_opens_it_neither(
    client: httpx.AsyncClient, backends: dict[str, Backend], issuer: Issuer, credential: str
) -> None:
    header = credential.replace("{token}", issuer.token())

    answer = await client.get("/api/events", headers={"authorization": header})

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid-token")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert count(backends) == 0


def forged(issuer: Issuer, **headers: str) -> str:
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    return jwt.encode(claims, "x" * 64, algorithm="HS256", headers={"kid": KID, **headers})


async def test_a_forged_or_expired_token_does_not_pass(
    client: httpx.AsyncClient, backends: dict[str, Backend], issuer: Issuer
) -> None:
    tokens = [
        forged(issuer, typ="at+jwt"),
        issuer.token(exp=int((utc_now() - timedelta(minutes=5)).timestamp())),
        issuer.token(aud="another"),
        jwt.encode({"sub": "1"}, test_key(), algorithm="RS256", headers={"kid": "unknown"}),
    ]

    for token in tokens:
        answer = await client.get("/api/events", headers={"authorization": f"Bearer {token}"})
        assert answer.status_code == 401
    assert count(backends) == 0


async def test_with_the_issuers_keys_away_nobody_passes(
    gateway_without_services: httpx.AsyncClient, issuer: Issuer
) -> None:
    answer = await gateway_without_services.get("/api/events", headers=issuer.headers())

    assert answer.status_code == 401


@pytest.mark.parametrize("access", [BEARER, public("anybody", "bearer")])
async def test_a_failure_in_the_way_of_a_credential_lets_nobody_pass(
    access: Access, issuer: Issuer
) -> None:
    guard = Guard(BrokenVerifier(issuer, utc_now, issuer=ISSUER, audience=AUDIENCE))

    with pytest.raises(ZeroDivisionError):
        await guard.admit(access, b"Bearer x.y.z")


async def test_a_credential_that_a_public_route_does_not_take_goes_no_further(
    client: httpx.AsyncClient, backends: dict[str, Backend], issuer: Issuer
) -> None:
    for header in (issuer.headers(), {"authorization": "Bearer stale"}, GUEST):
        answer = await client.post("/api/auth/refresh", headers=header)
        assert answer.status_code == 200

    assert [seen.values("authorization") for seen in backends["auth"].seen] == [[], [], []]


async def test_a_client_may_name_itself_where_it_gets_tokens(
    client: httpx.AsyncClient, backends: dict[str, Backend]
) -> None:
    await client.post("/api/auth/token", auth=("key", "secret"))

    assert backends["auth"].seen[0].values("authorization") == ["Basic a2V5OnNlY3JldA=="]


async def test_where_a_token_makes_a_difference_a_bad_one_is_refused(
    client: httpx.AsyncClient, events: Backend, issuer: Issuer
) -> None:
    stale, empty, garbled = ({"authorization": f"Bearer{rest}"} for rest in (" stale", "", " a b"))

    statuses = [
        (await client.post("/api/events/7/rsvps", headers=headers)).status_code
        for headers in ({}, issuer.headers(), stale, empty, garbled)
    ]

    assert statuses == [200, 200, 401, 401, 401]
    assert [bool(seen.values("authorization")) for seen in events.seen] == [False, True]


async def test_a_guests_token_is_handed_to_events_which_alone_can_check_it(
    client: httpx.AsyncClient, events: Backend
) -> None:
    for method, path in (
        ("GET", "/api/events/rsvp"),
        ("PUT", "/api/events/rsvps/7"),
        ("GET", "/api/events/rsvp/qr.png"),
    ):
        answer = await client.request(method, path, headers=GUEST)
        assert answer.status_code == 200

    assert {seen.values("authorization")[0] for seen in events.seen} == {GUEST["authorization"]}


async def test_a_guests_route_needs_a_guests_token(
    client: httpx.AsyncClient, events: Backend, issuer: Issuer
) -> None:
    for headers in ({}, issuer.headers(), {"authorization": "RSVP"}):
        answer = await client.get("/api/events/rsvp", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "guest-token-required")
        assert answer.headers["www-authenticate"] == 'RSVP realm="stitch"'
    assert events.seen == []


async def test_a_guests_token_opens_nothing_else(
    client: httpx.AsyncClient, events: Backend
) -> None:
    answer = await client.get("/api/events/7/rsvps", headers=GUEST)

    assert answer.status_code == 401
    assert events.seen == []


async def test_two_credentials_are_none(
    client: httpx.AsyncClient, backends: dict[str, Backend], issuer: Issuer
) -> None:
    token = issuer.headers()["authorization"]
    twice = [("authorization", token), ("authorization", token)]

    answers = [
        await client.get("/api/events", headers=twice),
        await client.get("/api/events?access_token=x", headers=issuer.headers()),
    ]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert count(backends) == 0


async def test_an_unknown_path_is_not_found_and_asks_nobody(
    client: httpx.AsyncClient, backends: dict[str, Backend], issuer: Issuer
) -> None:
    for path in ("/api/nothing", "/metrics", "/api/events/7/internal", "/api/auth/openapi.json"):
        answer = await client.get(path, headers=issuer.headers())
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert count(backends) == 0


async def test_a_method_that_a_path_does_not_take_is_refused_by_name(
    client: httpx.AsyncClient, backends: dict[str, Backend]
) -> None:
    for method in ("PATCH", "PUT", "DELETE"):
        answer = await client.request(method, "/api/events")
        assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed")
        assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert count(backends) == 0
