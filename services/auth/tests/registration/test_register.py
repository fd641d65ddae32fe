"""Registering, without telling who is known (S46, S51, S53, S57)."""

import asyncio
from typing import Any

import httpx
import pytest
from services.auth.tests.conftest import PASSWORD, People, Wire, Wired, settings_with
from sqlalchemy import event
from sqlalchemy.engine import Engine, ExceptionContext

from stitch_common.database import Database
from stitch_common.testing.clock import NOW, SettableClock

REGISTER = "/api/auth/register"


def wish(**changes: Any) -> dict[str, Any]:
    return {
        "email": "ada@example.com",
        "username": "ada",
        "password": PASSWORD,
        "full_name": "Ada Lovelace",
        **changes,
    }


async def test_a_new_account_waits_for_its_confirmation(
    client: httpx.AsyncClient, wired: Wired
) -> None:
    answer = await client.post(REGISTER, json=wish())

    assert answer.status_code == 202
    (user,) = await wired.rows("select * from auth.users")
    assert (user["role"], user["is_active"], user["email_verified_at"]) == ("viewer", True, None)
    assert PASSWORD not in user["password_hash"]
    (registered,) = await wired.facts("user.registered")
    assert (registered["user_id"], registered["username"]) == (user["id"], "ada")
    (mail,) = await wired.facts("email_verification.requested")
    assert (mail["user_id"], mail["email"]) == (user["id"], "ada@example.com")
    assert mail["full_name"] == "Ada Lovelace"
    assert mail["expires_at"] > NOW.isoformat()


async def test_a_known_address_gets_the_same_answer_and_its_owner_a_mail(
    client: httpx.AsyncClient, wired: Wired, people: People
) -> None:
    owner = await people.make(username="grace")
    new = await client.post(REGISTER, json=wish())

    known = await client.post(REGISTER, json=wish(email="GRACE@Example.com", username="other"))

    assert (known.status_code, known.content) == (new.status_code, new.content)
    differing = {"x-request-id"}
    assert {k: v for k, v in known.headers.items() if k not in differing} == {
        k: v for k, v in new.headers.items() if k not in differing
    }
    (fact,) = await wired.facts("registration.repeated")
    assert (fact["user_id"], fact["email"]) == (owner.id, owner.email)
    assert len(await wired.rows("select 1 from auth.users")) == 2


async def test_a_known_address_makes_no_statement_fail(
    client: httpx.AsyncClient, people: People
) -> None:
    """PostgreSQL would write the address into its log."""
    failures: list[str] = []
    await people.make(username="grace")

    @event.listens_for(Engine, "handle_error")
    def note(context: ExceptionContext) -> None:
        failures.append(str(context.original_exception))

    await client.post(REGISTER, json=wish(email="grace@example.com", username="other"))
    event.remove(Engine, "handle_error", note)

    assert failures == []


async def test_the_owner_is_told_once_a_minute_at_most(
    client: httpx.AsyncClient, wired: Wired, people: People
) -> None:
    await people.make(username="grace")

    for number in range(3):
        await client.post(REGISTER, json=wish(email="grace@example.com", username=f"n{number}x"))

    assert len(await wired.facts("registration.repeated")) == 1


@pytest.mark.parametrize("username", ["grace", "GRACE", "\uff47race"])
async def test_a_taken_username_is_refused_in_every_spelling(
    username: str, client: httpx.AsyncClient, people: People
) -> None:
    await people.make(username="grace")

    answer = await client.post(REGISTER, json=wish(username=username))

    assert (answer.status_code, answer.json()["code"]) == (409, "username-taken")


async def test_a_taken_username_does_not_tell_whose_it_is(
    client: httpx.AsyncClient, people: People
) -> None:
    await people.make(username="grace")
    guess = {"username": "grace", "password": "another-violet-thermos"}

    owner = await client.post(REGISTER, json=wish(email="grace@example.com", **guess))
    other = await client.post(REGISTER, json=wish(email="hedy@example.com", **guess))

    assert owner.status_code == other.status_code == 409
    assert {**owner.json(), "request_id": ""} == {**other.json(), "request_id": ""}


@pytest.mark.parametrize(
    "again", [{"email": "hedy@example.com"}, {"password": "another-violet-thermos"}, {}]
)
async def test_asking_for_a_name_again_does_not_tell_whether_an_address_is_known(
    again: dict[str, str], client: httpx.AsyncClient, people: People
) -> None:
    """A second answer tells no more than the first (S46)."""
    await people.make(username="grace")
    known = wish(email="grace@example.com", username="one-name")
    unknown = wish(email="nobody@example.com", username="another-name")

    answers = [
        [await client.post(REGISTER, json={**body, **more}) for more in ({}, again)]
        for body in (known, unknown)
    ]

    about_known, about_unknown = ([answer.status_code for answer in pair] for pair in answers)
    assert about_known == about_unknown == [202, 409 if again else 202]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("grace", "hedy"), [202, 409]),
        (("grace", "grace"), [202] * 2),
        (("hedy", "hedy"), [202] * 2),
    ],
)
async def test_two_who_want_one_name_at_once_learn_no_more(
    names: tuple[str, str], expected: list[int], wire: Wire, busy_database: Database
) -> None:
    """Whether an address is known does not show, and who sends a form twice sees no error (S46)."""
    wired = await wire(busy_database, settings_with())
    await People(wired).make(username="grace")

    answers = await asyncio.gather(
        *(
            wired.client.post(REGISTER, json=wish(email=f"{name}@example.com", username="one-name"))
            for name in names
        )
    )

    assert sorted(answer.status_code for answer in answers) == expected


async def test_who_repeats_their_own_registration_gets_the_same_answer(
    client: httpx.AsyncClient, wired: Wired
) -> None:
    first = await client.post(REGISTER, json=wish())

    again = await client.post(REGISTER, json=wish())

    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert len(await wired.rows("select 1 from auth.users")) == 1


async def test_nobody_registers_as_more_than_the_default(
    client: httpx.AsyncClient, wired: Wired
) -> None:
    extra = {"role": "admin", "is_admin": True, "is_active": False, "is_verified": True, "id": 1}

    await client.post(REGISTER, json=wish(**extra))

    (user,) = await wired.rows("select role, email_verified_at from auth.users")
    assert user == {"role": "viewer", "email_verified_at": None}


async def test_the_default_role_is_configured(wire: Wire, database: Database) -> None:
    wired = await wire(database, settings_with(default_role="editor"))

    await wired.client.post(REGISTER, json=wish())

    assert [row["role"] for row in await wired.rows("select role from auth.users")] == ["editor"]


@pytest.mark.parametrize(
    ("mode", "code"), [("closed", "registration-closed"), ("invite", "invitation-required")]
)
async def test_registration_can_be_closed(
    mode: str, code: str, wire: Wire, database: Database
) -> None:
    wired = await wire(database, settings_with(registration=mode))

    answer = await wired.client.post(REGISTER, json=wish())

    assert (answer.status_code, answer.json()["code"]) == (403, code)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"password": "short"}, "/password"),
        ({"password": "x" * 129}, "/password"),
        ({"password": "password1234"}, "/password"),
        ({"password": "adalovelace1815"}, "/password"),
        ({"password": None}, "/password"),
        ({"email": "not an address"}, "/email"),
        ({"email": "x" * 250 + "@example.com"}, "/email"),
        ({"username": "a@b"}, "/username"),
        ({"username": "x"}, "/username"),
        ({"full_name": "x" * 201}, "/full_name"),
    ],
)
async def test_a_refused_field_is_named_and_its_value_is_not_repeated(
    change: dict[str, Any], pointer: str, client: httpx.AsyncClient, wired: Wired
) -> None:
    answer = await client.post(REGISTER, json=wish(**change))

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert str(change.get("password") or "-absent-") not in answer.text
    assert await wired.rows("select 1 from auth.users") == []


@pytest.mark.parametrize("text", ["\x00", "ada\x00"])
async def test_text_that_can_not_be_stored_is_refused(text: str, client: httpx.AsyncClient) -> None:
    answer = await client.post(REGISTER, json=wish(full_name=text))

    assert answer.status_code == 422


async def test_a_password_keeps_its_blanks(client: httpx.AsyncClient, wired: Wired) -> None:
    spaced = "  violet kayak thermos  "
    await client.post(REGISTER, json=wish(password=spaced))
    await wired.rows("update auth.users set email_verified_at = now()")

    exact = await client.post("/api/auth/token", data={"username": "ada", "password": spaced})
    stripped = await client.post(
        "/api/auth/token", data={"username": "ada", "password": spaced.strip()}
    )

    assert (exact.status_code, stripped.status_code) == (200, 401)


async def test_parallel_registrations_of_one_address_make_one_account(
    wire: Wire, busy_database: Database
) -> None:
    wired = await wire(busy_database, settings_with(registration_limit=100))
    spellings = ["ada@example.com", "ADA@example.com", "ada@EXAMPLE.com"]

    answers = await asyncio.gather(
        *(
            wired.client.post(
                REGISTER, json=wish(email=spellings[number % 3], username=f"ada{number}")
            )
            for number in range(20)
        )
    )

    assert {answer.status_code for answer in answers} == {202}
    assert len(await wired.rows("select 1 from auth.users")) == 1
    assert len(await wired.facts("user.registered")) == 1


async def test_parallel_registrations_of_one_username_make_one_account(
    wire: Wire, busy_database: Database
) -> None:
    wired = await wire(busy_database, settings_with(registration_limit=100))

    answers = await asyncio.gather(
        *(
            wired.client.post(
                REGISTER,
                json=wish(email=f"ada{number}@example.com", username=("ada", "Ada")[number % 2]),
            )
            for number in range(20)
        )
    )

    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 19
    assert len(await wired.rows("select 1 from auth.users")) == 1


async def test_one_network_can_not_register_without_end(
    wire: Wire, database: Database, clock: SettableClock
) -> None:
    wired = await wire(database, settings_with(registration_limit=2))

    answers = [
        await wired.client.post(
            REGISTER, json=wish(email=f"a{number}@example.com", username=f"ada{number}")
        )
        for number in range(3)
    ]

    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert 600 <= int(answers[2].headers["retry-after"]) <= 630


async def test_a_repeated_request_with_a_key_is_replayed(
    client: httpx.AsyncClient, wired: Wired
) -> None:
    headers = {"idempotency-key": "once"}
    first = await client.post(REGISTER, json=wish(), headers=headers)

    again = await client.post(REGISTER, json=wish(), headers=headers)

    assert again.headers["idempotency-replayed"] == "true"
    assert again.content == first.content
    assert len(await wired.facts("user.registered")) == 1
