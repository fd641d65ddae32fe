"""A log-in that is one statement, and what makes it nothing (S9, S42, S54)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from services.auth.tests.conftest import People, Person, Wired

from stitch_auth.callers.models import Caller
from stitch_auth.sessions.models import Delivery, Login, Session
from stitch_auth.sessions.repository import LoginRepository
from stitch_common.context import request_id
from stitch_common.contracts.auth import LoginFailed, LoginSucceeded
from stitch_common.testing.clock import NOW

CALLER = Caller("203.0.113.9", "Firefox")
ENROL = """
insert into auth.second_factors
    (user_id, sealed_secret, recovery_hashes, last_counter, created_at, confirmed_at)
select id, '', '{}', 0, now(), now() from auth.users returning 1
"""


@pytest.fixture
async def ada(people: People) -> Person:
    return await people.make(username="ada")


@pytest.fixture
def logins(wired: Wired) -> LoginRepository:
    return LoginRepository(wired.runtime.database)


@pytest.fixture
async def login(logins: LoginRepository, ada: Person) -> Login:
    """Ada's, whose password was right just now."""
    checked = await logins.find("ada")
    assert checked is not None
    session = Session.begin(
        ada.id,
        key_id="k1",
        delivery=Delivery.BODY,
        scope="api",
        at=NOW,
        lasts=timedelta(days=90),
    )
    session.use(CALLER, NOW, idle_ttl=timedelta(days=14))
    return Login(checked, session, rehashed=None)


def told(login: Login) -> LoginSucceeded:
    return LoginSucceeded(user_id=login.checked.id, sid=login.session.sid, at=NOW)


@pytest.mark.parametrize("name", ["ada", "ADA", "ada@example.com", "Ada@EXAMPLE.com"])
async def test_an_account_is_found_by_every_spelling_of_its_names(
    name: str, logins: LoginRepository, ada: Person
) -> None:
    found = await logins.find(name)

    assert found is not None
    assert (found.id, found.is_usable, found.is_verified) == (ada.id, True, True)


@pytest.mark.parametrize("name", ["", "nobody", "a%", "ada' or '1'='1", "nobody@example.com", "@"])
async def test_nobody_else_is_found(name: str, logins: LoginRepository, ada: Person) -> None:
    assert await logins.find(name) is None


async def test_session_account_audit_entry_and_fact_are_saved_together(
    logins: LoginRepository, login: Login, wired: Wired
) -> None:
    await logins.count_attempt(login.checked.id, below=100)
    token = request_id.set("r-1")

    assert await logins.begin(replace(login, rehashed="p1$newer"), told(login))

    request_id.reset(token)
    (session,) = await wired.rows("select * from auth.sessions")
    assert {name: session[name] for name in ("sid", "seed", "ip", "user_agent", "delivery")} == {
        "sid": login.session.sid,
        "seed": login.session.seed,
        "ip": "203.0.113.9",
        "user_agent": "Firefox",
        "delivery": "body",
    }
    assert session["expires_at"] - NOW == timedelta(days=90)
    assert session["idle_expires_at"] - NOW == timedelta(days=14)
    (user,) = await wired.rows("select * from auth.users")
    assert (user["failed_logins"], user["last_login_at"]) == (0, NOW)
    assert user["password_hash"] == "p1$newer"
    (entry,) = await wired.rows("select * from auth.audit_log where action = 'login'")
    assert (entry["result"], entry["actor_id"], entry["request_id"]) == (
        "success",
        user["id"],
        "r-1",
    )
    (fact,) = await wired.facts("login.succeeded")
    assert (fact["user_id"], fact["sid"]) == (user["id"], session["sid"])


@pytest.mark.parametrize(
    "change",
    [
        "update auth.users set password_hash = 'p1$another' returning 1",
        "update auth.users set is_active = false returning 1",
        "update auth.users set deleted_at = now() returning 1",
        ENROL,
    ],
)
async def test_an_account_that_has_changed_meanwhile_gets_no_session(
    change: str, logins: LoginRepository, login: Login, wired: Wired
) -> None:
    await wired.rows(change)

    assert not await logins.begin(login, told(login))

    assert await wired.rows("select * from auth.sessions") == []
    assert await wired.rows("select * from auth.audit_log where action = 'login'") == []
    assert await wired.facts("login.succeeded") == []


async def test_attempts_are_counted_below_the_limit_only(
    logins: LoginRepository, ada: Person, wired: Wired
) -> None:
    counted = [await logins.count_attempt(ada.id, below=2) for _ in range(4)]

    assert counted == [True, True, False, False]
    assert not await logins.count_attempt(None, below=2)
    (user,) = await wired.rows("select failed_logins from auth.users")
    assert user["failed_logins"] == 2


async def test_a_failure_is_told_to_others_only_of_somebody_who_exists(
    logins: LoginRepository, ada: Person, wired: Wired
) -> None:
    fact = LoginFailed(user_id=ada.id, at=NOW)

    await logins.fail(ada.id, CALLER, fact, at=NOW, reason="wrong-credentials")
    await logins.fail(None, CALLER, None, at=NOW, reason="wrong-credentials")

    entries = await wired.rows("select * from auth.audit_log where action = 'login' order by id")
    assert [(entry["result"], entry["actor_id"]) for entry in entries] == [
        ("failure", ada.id), ("failure", None),
    ]  # fmt: skip
    assert entries[0]["details"] == {"reason": "wrong-credentials"}
    assert [each["user_id"] for each in await wired.facts("login.failed")] == [ada.id]
