"""What every service's HTTP side does alike."""

import pytest
from fastapi import APIRouter, FastAPI
from httpx import AsyncClient
from pydantic import SecretStr

from stitch_common.http.app import UnguardedRouteError, create_app
from stitch_common.http.lists import Cursors
from stitch_common.http.problems import InvalidQueryError
from stitch_common.security.principals import Role
from stitch_common.testing.tokens import Issuer

NOTES = "/api/sample/notes"


async def test_every_answer_carries_a_request_id(client: AsyncClient) -> None:
    taken = await client.get("/api/sample/public", headers={"x-request-id": "abc-1"})
    made = await client.get("/api/sample/public", headers={"x-request-id": "log\tinjection"})

    assert taken.headers["x-request-id"] == "abc-1"
    assert len(made.headers["x-request-id"]) == 32


async def test_a_trailing_slash_is_no_other_resource(client: AsyncClient) -> None:
    assert (await client.get("/api/sample/public/")).status_code == 200


async def test_an_unknown_path_is_a_problem(client: AsyncClient) -> None:
    answer = await client.get("/api/sample/nowhere", headers={"x-request-id": "r1"})

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "not-found"
    assert answer.json()["request_id"] == "r1"


async def test_a_failure_of_ours_shows_no_internals(client: AsyncClient, issuer: Issuer) -> None:
    answer = await client.get("/api/sample/boom", headers=issuer.headers())

    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def test_an_outage_asks_the_caller_to_come_back(client: AsyncClient, issuer: Issuer) -> None:
    answer = await client.get("/api/sample/outage", headers=issuer.headers())

    assert answer.status_code == 503
    assert answer.json()["code"] == "temporarily-unavailable"
    assert answer.headers["retry-after"]


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 401, "not-authenticated"),
        ({"authorization": "Bearer nonsense"}, 401, "invalid-token"),
        ({"authorization": "Basic dTpw"}, 401, "invalid-token"),
    ],
)
async def test_a_guarded_route_needs_a_token(
    client: AsyncClient, headers: dict[str, str], status: int, code: str
) -> None:
    answer = await client.get(NOTES, headers=headers)

    assert answer.status_code == status
    assert answer.json()["code"] == code
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_two_credentials_are_none(client: AsyncClient, issuer: Issuer) -> None:
    token = ("authorization", issuer.headers()["authorization"])

    assert (await client.get(NOTES, headers=[token, token])).status_code == 401


async def test_a_lower_role_is_refused(client: AsyncClient, issuer: Issuer) -> None:
    answer = await client.delete(NOTES, headers=issuer.headers(Role.EDITOR))

    assert answer.status_code == 403
    assert answer.json()["code"] == "role-required"


async def test_a_missing_field_is_named(client: AsyncClient, issuer: Issuer) -> None:
    answer = await client.post(NOTES, json={}, headers=issuer.headers(Role.EDITOR))

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": "/text", "message": "Field required"}]


@pytest.mark.parametrize("bad", ["a\x00b", "\ud800"])
async def test_text_that_cannot_be_stored_is_refused_by_name(
    client: AsyncClient, issuer: Issuer, bad: str
) -> None:
    body = '{"text": "' + bad.encode("unicode_escape").decode().replace("\\x", "\\u00") + '"}'

    answer = await client.post(
        NOTES,
        content=body,
        headers={**issuer.headers(Role.EDITOR), "content-type": "application/json"},
    )

    assert answer.status_code == 422
    assert "text" in answer.json()["detail"]


async def test_an_unknown_query_parameter_is_refused_with_those_allowed(
    client: AsyncClient, issuer: Issuer
) -> None:
    answer = await client.get(NOTES, params={"colour": "red"}, headers=issuer.headers())

    assert answer.status_code == 400
    assert "count, cursor, limit, skip" in answer.json()["detail"]


@pytest.mark.parametrize("note_id", ["abc", "0", str(2**63)])
async def test_an_impossible_id_is_just_absent(
    client: AsyncClient, issuer: Issuer, note_id: str
) -> None:
    answer = await client.put(
        f"{NOTES}/{note_id}", json={"text": "x"}, headers=issuer.headers(Role.EDITOR)
    )

    assert answer.status_code == 404


@pytest.mark.parametrize("media", ["text/plain", "application/xml", "multipart/form-data"])
async def test_a_body_that_is_not_said_to_be_json_is_refused(
    client: AsyncClient, issuer: Issuer, media: str
) -> None:
    headers = {**issuer.headers(Role.EDITOR), "content-type": media}

    answer = await client.post(NOTES, content='{"text": "x"}', headers=headers)

    assert answer.status_code == 415
    assert answer.json()["code"] == "wrong-media-type"


async def test_a_body_over_the_limit_is_refused(client: AsyncClient, issuer: Issuer) -> None:
    answer = await client.post(
        NOTES, json={"text": "x" * 1_100_000}, headers=issuer.headers(Role.EDITOR)
    )

    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_named_error_is_a_problem_with_its_sentence(
    client: AsyncClient, issuer: Issuer
) -> None:
    answer = await client.post(NOTES, json={"text": "rude"}, headers=issuer.headers(Role.EDITOR))

    assert answer.status_code == 409
    assert answer.json()["detail"] == "This note can't be taken."


async def test_a_list_links_to_its_next_page(client: AsyncClient, issuer: Issuer) -> None:
    first = await client.get(NOTES, params={"limit": 3}, headers=issuer.headers())
    second = await client.get(first.links["next"]["url"], headers=issuer.headers())

    assert [first.json(), second.json()] == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize("cursor", ["x", "AAAA", "é", "a" * 1000])
async def test_a_foreign_cursor_is_refused(
    client: AsyncClient, issuer: Issuer, cursor: str
) -> None:
    answer = await client.get(NOTES, params={"cursor": cursor}, headers=issuer.headers())

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/query/cursor"


def test_a_cursor_of_another_list_is_refused() -> None:
    cursors = Cursors(SecretStr("k" * 32))
    made = cursors.encode("notes by date", [1])

    assert cursors.decode("notes by date", made) == [1]
    with pytest.raises(InvalidQueryError):
        cursors.decode("notes by title", made)


def test_an_application_with_an_unlisted_route_without_principal_is_not_made(app: FastAPI) -> None:
    router = APIRouter()
    router.get("/open")(lambda: "sesame")

    with pytest.raises(UnguardedRouteError, match="GET /open"):
        create_app(app.state.runtime, title="Sample", routers=[router], public_routes={})


async def test_the_description_tells_the_problems_of_guarded_routes(client: AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]

    assert {"401", "403"} <= set(paths[NOTES]["get"]["responses"])
    assert "409" in paths[NOTES]["post"]["responses"]
    assert "401" not in paths["/api/sample/public"]["get"]["responses"]
    assert list(paths[NOTES]["post"]["responses"]["409"]["content"]) == ["application/problem+json"]
