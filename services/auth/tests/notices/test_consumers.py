"""Whoever logs in from where the owner never was is reported to the owner, beside the log-in."""

from datetime import timedelta
from uuid import uuid4

import pytest
from services.auth.tests.conftest import PASSWORD, People, Person, Wired
from services.auth.tests.mailbox import mails

from stitch_auth.notices.consumers import create_consumer
from stitch_auth.notices.service import NewDeviceService
from stitch_common.bus.inbox import Received
from stitch_common.contracts.auth import LoginSucceeded
from stitch_common.testing.clock import NOW, SettableClock

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CHROME = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari"


@pytest.fixture
async def ada(people: People) -> Person:
    return await people.make(username="ada")


@pytest.fixture
def devices(wired: Wired, clock: SettableClock) -> NewDeviceService:
    return NewDeviceService(wired.runtime.database, clock, timedelta(days=3))


async def log_in(
    wired: Wired, clock: SettableClock, address: str, program: str
) -> tuple[LoginSucceeded, Received]:
    """The fact of a log-in from there."""
    clock.advance(timedelta(hours=1))
    form = {"username": "ada", "password": PASSWORD}
    headers = {"x-forwarded-for": address, "user-agent": program}
    answer = await wired.client.post("/api/auth/token", data=form, headers=headers)
    assert answer.status_code == 200
    fact = LoginSucceeded.model_validate((await wired.facts("login.succeeded"))[-1])
    received = Received(uuid4(), "auth-new-devices", fact.subject, 0, NOW, 1, None, 1)
    return fact, received


@pytest.mark.usefixtures("ada")
async def test_a_new_program_at_a_new_address_is_reported_once(
    wired: Wired, clock: SettableClock, devices: NewDeviceService
) -> None:
    handler = create_consumer(devices).handlers[LoginSucceeded]
    await handler(*await log_in(wired, clock, "203.0.113.7", FIREFOX))
    told = await log_in(wired, clock, "198.51.100.9", CHROME)

    await handler(*told)
    await handler(*told)

    (notice,) = await mails(wired, "not-me")
    assert (notice["about"], notice["email"]) == ("new-device", "ada@example.com")
    assert (notice["ip"], notice["device"]) == ("198.51.100.9", "Chrome on Windows")


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    ("address", "program"),
    [("203.0.113.7", FIREFOX), ("198.51.100.9", FIREFOX), ("203.0.113.7", CHROME)],
    ids=["both known", "on the road", "another browser at home"],
)
async def test_who_is_known_by_program_or_address_is_not_reported(
    address: str, program: str, wired: Wired, clock: SettableClock, devices: NewDeviceService
) -> None:
    await devices.look_at(*await log_in(wired, clock, "203.0.113.7", FIREFOX))

    await devices.look_at(*await log_in(wired, clock, address, program))

    assert await mails(wired, "not-me") == []


@pytest.mark.usefixtures("ada")
async def test_what_was_no_news_is_none_when_earlier_sessions_are_forgotten(
    wired: Wired, clock: SettableClock, devices: NewDeviceService
) -> None:
    for address, program in (("203.0.113.7", FIREFOX), ("198.51.100.9", CHROME)):
        await log_in(wired, clock, address, program)
    told = await log_in(wired, clock, "198.51.100.9", CHROME)
    await devices.look_at(*told)
    async with wired.runtime.database.connection() as connection:
        await connection.execute(
            "delete from auth.sessions where user_agent = $1 and sid <> $2", CHROME, told[0].sid
        )

    await devices.look_at(*told)

    assert await mails(wired, "not-me") == []
