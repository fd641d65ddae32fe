"""Whatever is sent: an answer that says what is wrong, and never a failure of ours."""

from typing import Any

import httpx
import pytest
from tests.e2e.bad_values import (
    BEYOND_BIGINT,
    BROKEN_BODIES,
    BROKEN_IF_MATCH,
    BROKEN_KEYS,
    BROKEN_MOMENTS,
    BROKEN_QUERIES,
    BROKEN_ZONES,
    LONE_SURROGATE,
    NUL,
)
from tests.e2e.described import guarded, text_fields
from tests.e2e.fuzzing import Callers, first_failure, operations
from tests.e2e.journey import Mailbox, Person, unique
from tests.e2e.newcomer import Newcomer, register
from tests.e2e.promises import kept, pointers
from tests.e2e.running_stack import Stack

pytestmark = pytest.mark.e2e

SERVICES = ("auth", "content", "events", "notifications", "ai")
ENDS_THE_SESSION = frozenset({"/api/auth/logout", "/api/auth/logout-all"})
READS_NO_BODY_FROM_US = frozenset({"/api/auth/refresh", "/api/events/rsvp"})
"""They look at other credentials than ours before they look at the body."""
LISTS = (
    "/api/content",
    "/api/content/trash",
    "/api/content/published",
    "/api/settings",
    "/api/events",
    "/api/events/all-rsvps",
    "/api/auth/users",
    "/api/auth/audit-log",
    "/api/notifications/templates",
)
CREATES = ("/api/content", "/api/events", "/api/settings", "/api/ai/generate-content")
EVENT = {"title": "Attacked", "start_date": "2027-06-01T10:00:00Z"}


def bearer(person: Person) -> dict[str, str]:
    return {"authorization": f"Bearer {person.token['access_token']}"}


@pytest.fixture(scope="module")
def callers(stack: Stack) -> Callers:
    people = {
        role: bearer(Person(stack.gateway, **stack.user(role)))
        for role in ("admin", "editor", "viewer")
    }
    return {**people, "anonymous": {}}


@pytest.fixture(scope="module")
def newcomer(stack: Stack, callers: Callers) -> Newcomer:
    """An admin of its own, for the routes that change accounts."""
    known = register(stack.gateway, Mailbox(stack.mail), "mallory")
    path, body = f"/api/auth/users/{known.id}", {"role": "admin"}
    stack.gateway.patch(path, json=body, headers=callers["admin"]).raise_for_status()
    return known


@pytest.fixture(scope="module")
def documents(stack: Stack) -> dict[str, dict[str, Any]]:
    return {
        name: httpx.get(f"{stack.document['services'][name]}/openapi.json", trust_env=False).json()
        for name in SERVICES
    }


@pytest.fixture(scope="module")
def admin(callers: Callers) -> dict[str, str]:
    return dict(callers["admin"])


@pytest.mark.parametrize("service", SERVICES)
def test_nothing_near_the_description_breaks_a_service(
    stack: Stack,
    callers: Callers,
    newcomer: Newcomer,
    documents: dict[str, dict[str, Any]],
    service: str,
) -> None:
    if service == "auth":
        callers = {"admin": bearer(newcomer.log_in(stack.gateway)), "anonymous": {}}
    path = {"user_id": newcomer.id}

    failures = [
        failure
        for operation in operations(documents[service])
        if operation.path not in ENDS_THE_SESSION
        and (failure := first_failure(operation, stack.document["gateway"], callers, path=path))
    ]

    assert not failures, "\n\n".join(failures)


FORGED = {
    "x-user-id": "1",
    "x-user-role": "admin",
    "x-auth-user": "admin",
    "x-forwarded-user": "admin",
    "x-internal-service": "gateway",
    "x-original-url": "/healthz",
}


@pytest.mark.parametrize("service", SERVICES)
def test_plain_headers_make_nobody_somebody(
    stack: Stack, documents: dict[str, dict[str, Any]], service: str
) -> None:
    direct = httpx.Client(base_url=stack.document["services"][service], trust_env=False)

    with direct:
        answers = [
            (client.request(method, path, headers=FORGED, json={}), method, path)
            for method, path in guarded(documents[service])
            for client in (direct, stack.gateway)
        ]

    assert answers
    wrong = [(m, p, a.status_code) for a, m, p in answers if a.status_code not in {401, 404}]
    open_to_guests = {("put", "/api/events/rsvps/1"), ("post", "/api/events/1/rsvps")}
    assert {(m, p) for m, p, _ in wrong} <= open_to_guests


@pytest.mark.parametrize("service", SERVICES)
def test_text_that_cannot_be_stored_is_refused_by_its_name(
    stack: Stack, admin: dict[str, str], documents: dict[str, dict[str, Any]], service: str
) -> None:
    headers = {**admin, "content-type": "application/json"}

    def refused(method: str, path: str, name: str, value: bytes) -> bool:
        body = b'{"%s": %s}' % (name.encode(), value)
        answer = kept(stack.gateway.request(method, path, content=body, headers=headers), 422)
        return pointers(answer) == [f"/{name}"]

    fields = [f for f in text_fields(documents[service]) if f[1] not in READS_NO_BODY_FROM_US]
    values = [NUL, LONE_SURROGATE]
    missed = [f for n, f in enumerate(fields) if not refused(*f, values[n % len(values)])]

    assert not missed


@pytest.mark.parametrize("body", BROKEN_BODIES.values(), ids=BROKEN_BODIES)
def test_a_broken_body_is_malformed(stack: Stack, admin: dict[str, str], body: bytes) -> None:
    headers = {**admin, "content-type": "application/json"}

    for path in CREATES:
        kept(stack.gateway.post(path, content=body, headers=headers), 422)


@pytest.mark.parametrize("path", LISTS)
def test_a_broken_query_is_unusable(stack: Stack, admin: dict[str, str], path: str) -> None:
    for query in BROKEN_QUERIES:
        kept(stack.gateway.get(f"{path}?{query}", headers=admin), 400)


def test_a_cursor_is_good_for_its_own_list_only(stack: Stack, admin: dict[str, str]) -> None:
    for _ in range(2):
        stack.gateway.post("/api/content", json={"title": "Page"}, headers=admin)
    first = kept(stack.gateway.get("/api/content?limit=1", headers=admin), 200)
    cursor = httpx.URL(first.links["next"]["url"]).params["cursor"]

    kept(stack.gateway.get("/api/content", params={"cursor": cursor}, headers=admin), 200)
    for path in set(LISTS) - {"/api/content"}:
        kept(stack.gateway.get(path, params={"cursor": cursor}, headers=admin), 400)
    sorted_otherwise = {"cursor": cursor, "sort": "title"}
    kept(stack.gateway.get("/api/content", params=sorted_otherwise, headers=admin), 400)


@pytest.mark.parametrize("number", BEYOND_BIGINT)
def test_an_id_beyond_bigint_is_not_found(stack: Stack, admin: dict[str, str], number: int) -> None:
    for path in ("/api/content", "/api/events", "/api/auth/users", "/api/notifications/templates"):
        kept(stack.gateway.get(f"{path}/{number}", headers=admin), 404)


@pytest.mark.parametrize("path", ["/api/settings/a%00b", "/api/content/%ff", "/api/events/1;x=1"])
def test_a_path_with_two_readings_is_refused(
    stack: Stack, admin: dict[str, str], path: str
) -> None:
    kept(stack.gateway.get(path, headers=admin), 400)


@pytest.mark.parametrize("number", [*BEYOND_BIGINT, 0, -1, 1.5, "many"])
def test_a_size_out_of_range_is_named(stack: Stack, admin: dict[str, str], number: Any) -> None:
    body = {**EVENT, "max_attendees": number}

    answer = kept(stack.gateway.post("/api/events", json=body, headers=admin), 422)

    assert pointers(answer) == ["/max_attendees"]


@pytest.mark.parametrize("moment", BROKEN_MOMENTS)
def test_a_moment_out_of_time_is_named(stack: Stack, admin: dict[str, str], moment: Any) -> None:
    body = {**EVENT, "start_date": moment}

    answer = kept(stack.gateway.post("/api/events", json=body, headers=admin), 422)

    assert pointers(answer) == ["/start_date"]


@pytest.mark.parametrize("zone", BROKEN_ZONES)
def test_an_unknown_zone_is_named(stack: Stack, admin: dict[str, str], zone: Any) -> None:
    body = {**EVENT, "timezone": zone}

    answer = kept(stack.gateway.post("/api/events", json=body, headers=admin), 422)

    assert pointers(answer) == ["/timezone"]


def test_huge_texts_and_lists_are_refused(stack: Stack, admin: dict[str, str]) -> None:
    long, many = "x" * 900_000, ["x"] * 100_000

    for name, value in (("title", long), ("description", long), ("questions", many)):
        body = {**EVENT, name: value}
        answer = kept(stack.gateway.post("/api/events", json=body, headers=admin), 422)
        assert pointers(answer) == [f"/{name}"]
    too_much = {**EVENT, "description": long * 2}
    kept(stack.gateway.post("/api/events", json=too_much, headers=admin), 413)


@pytest.mark.parametrize("given", BROKEN_IF_MATCH)
def test_a_garbled_if_match_changes_nothing(
    stack: Stack, admin: dict[str, str], given: str
) -> None:
    created = stack.gateway.post("/api/events", json=EVENT, headers=admin).json()
    path = f"/api/events/{created['id']}"
    headers = {**admin, "if-match": given}

    kept(stack.gateway.patch(path, json={"title": "Changed"}, headers=headers), 400, 412)

    seen = stack.gateway.get(path, headers=admin).json()["event"]
    assert (seen["title"], seen["version"]) == (EVENT["title"], 1)


@pytest.mark.parametrize("given", BROKEN_KEYS)
def test_a_garbled_idempotency_key_creates_nothing(
    stack: Stack, admin: dict[str, str], given: str
) -> None:
    title = unique("never")
    headers = {**admin, "idempotency-key": given}

    kept(stack.gateway.post("/api/content", json={"title": title}, headers=headers), 400)

    assert stack.gateway.get("/api/content", params={"search": title}, headers=admin).json() == []


LOG_IN = "/api/auth/token"
FORM = "application/x-www-form-urlencoded"
PART = '--b\r\nContent-Disposition: form-data; name="{}"{}\r\n\r\n{}\r\n'


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        (FORM, b"", 422),
        (FORM, b"username=nobody&username=other&password=x&password=y", 401),
        (FORM, b"username=%00&password=%00", 422),
        (FORM, b"username=%ff%fe&password=%ed%a0%80", 401),
        (FORM, b"username=nobody&password=" + b"x" * 500_000, 401),
        (FORM, b"username=" + b"x" * 500_000 + b"&password=x", 422),
        (FORM, b"&".join(b"f%d=1" % n for n in range(5000)), 422),
        (FORM, b"grant_type=implicit&username=nobody&password=x", 400),
        ("application/json", b'{"username": "nobody", "password": "x"}', 422),
        ("multipart/form-data", b"x", 422),
        ("multipart/form-data; boundary=b", b"x", 422),
        (
            "multipart/form-data; boundary=b",
            (PART.format("username", '; filename="u"', "nobody") + "--b--\r\n").encode(),
            422,
        ),
    ],
)
def test_a_garbled_log_in_is_refused(
    stack: Stack, content_type: str, body: bytes, status: int
) -> None:
    headers = {"content-type": content_type}

    kept(stack.gateway.post(LOG_IN, content=body, headers=headers), status, 429)


def test_a_form_of_parts_logs_in(stack: Stack) -> None:
    fields = stack.user("viewer").items()
    parts = "".join(PART.format(name, "", value) for name, value in fields) + "--b--\r\n"
    headers = {"content-type": "multipart/form-data; boundary=b"}

    kept(stack.gateway.post(LOG_IN, content=parts, headers=headers), 200)


def test_who_logs_in_can_not_choose_an_address(stack: Stack, admin: dict[str, str]) -> None:
    claimed = "203.0.113.9"
    claims = {"x-forwarded-for": claimed, "x-real-ip": claimed, "forwarded": f"for={claimed}"}
    form = {"username": unique("nobody"), "password": "x"}
    kept(stack.gateway.post(LOG_IN, data=form, headers=claims), 401)

    recorded = kept(stack.gateway.get("/api/auth/audit-log", headers=admin), 200)

    assert claimed not in recorded.text
