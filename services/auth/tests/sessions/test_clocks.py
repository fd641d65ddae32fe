"""What happens within one second, and while summer time begins or ends, is in order (S16, S80).

Time is the clock's that is passed in, in UTC; the machine's zone is one with summer time.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from services.auth.tests.conftest import PASSWORD, People, Person, Wired
from services.auth.tests.mailbox import newest_token

from stitch_common.testing.clock import SettableClock

WANTED = "orchid-tractor-lagoon-17"
CHANGES = [datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)]
"""When clocks in Berlin are put forward, and back."""
SECOND = timedelta(seconds=1)


@pytest.fixture
def _in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
async def ada(people: People) -> Person:
    return await people.make(username="ada")


async def refresh(wired: Wired, token: str) -> tuple[int, str | None]:
    answer = await wired.client.post("/api/auth/refresh", json={"refresh_token": token})
    return answer.status_code, answer.json().get("refresh_token")


async def offline(people: People, ada: Person) -> str:
    answer = await people.log_in(ada, scope="offline_access")
    return str(answer.json()["refresh_token"])


async def test_who_logs_in_in_the_second_of_a_log_out_everywhere_stays_in(
    wired: Wired, people: People, ada: Person
) -> None:
    old = await people.headers(ada)
    await wired.client.post("/api/auth/logout-all", headers={**old, "x-requested-with": "test"})

    new = await people.headers(ada)

    assert (await wired.client.get("/api/auth/me", headers=new)).status_code == 200


async def test_who_logs_in_in_the_second_of_a_reset_stays_in(
    wired: Wired, people: People, ada: Person, clock: SettableClock
) -> None:
    old = await offline(people, ada)
    await wired.client.post("/api/auth/password-reset", json={"email": ada.email})
    body = {"token": await newest_token(wired, clock, "reset-password"), "password": WANTED}
    await wired.client.post("/api/auth/password-reset/confirm", json=body)

    new = await offline(people, Person(ada.id, ada.username, ada.email, WANTED))

    assert (await refresh(wired, old))[0] == 401
    assert (await refresh(wired, new))[0] == 200


@pytest.mark.usefixtures("_in_berlin")
@pytest.mark.parametrize("change", CHANGES, ids=["spring", "autumn"])
async def test_the_grace_lasts_thirty_seconds_over_a_change_of_summer_time(
    change: datetime, wired: Wired, people: People, ada: Person, clock: SettableClock
) -> None:
    clock.set(change - 10 * SECOND)
    first = await offline(people, ada)
    _, second = await refresh(wired, first)

    clock.set(change + 20 * SECOND)
    repeated = await refresh(wired, first)
    clock.set(change + 21 * SECOND)
    replayed = await refresh(wired, first)

    assert repeated == (200, second)
    assert replayed[0] == 401


@pytest.mark.usefixtures("_in_berlin")
@pytest.mark.parametrize("change", CHANGES, ids=["spring", "autumn"])
async def test_a_mailed_link_lasts_half_an_hour_over_a_change_of_summer_time(
    change: datetime, wired: Wired, ada: Person, clock: SettableClock
) -> None:
    clock.set(change - timedelta(minutes=10))
    await wired.client.post("/api/auth/password-reset", json={"email": ada.email})
    token = await newest_token(wired, clock, "reset-password")
    page = f"/reset-password/{token}"

    clock.set(change + timedelta(minutes=20) - SECOND)
    before = await wired.client.get(page)
    clock.set(change + timedelta(minutes=20))
    after = await wired.client.get(page)

    assert (before.status_code, after.status_code) == (200, 404)


@pytest.mark.usefixtures("_in_berlin")
@pytest.mark.parametrize("change", CHANGES, ids=["spring", "autumn"])
async def test_a_session_idles_for_two_weeks_over_a_change_of_summer_time(
    change: datetime, wired: Wired, people: People, ada: Person, clock: SettableClock
) -> None:
    clock.set(change - timedelta(days=7))
    first, second = await offline(people, ada), await offline(people, ada)

    clock.set(change + timedelta(days=7) - SECOND)
    in_time = await refresh(wired, first)
    clock.set(change + timedelta(days=7))
    too_late = await refresh(wired, second)

    assert (in_time[0], too_late[0]) == (200, 401)


async def test_of_replicas_whose_clocks_differ_the_one_that_is_late_ends_no_session(
    wired: Wired, people: People, ada: Person, clock: SettableClock
) -> None:
    first = await offline(people, ada)
    clock.advance(timedelta(minutes=1))
    _, second = await refresh(wired, first)

    clock.advance(-timedelta(seconds=55))  # another replica, a minute behind
    repeated = await refresh(wired, first)
    third = await refresh(wired, str(second))

    assert repeated == (200, second)
    assert third[0] == 200
    assert PASSWORD not in str(third)
