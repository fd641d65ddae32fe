"""A service behind its breaker."""

import asyncio

import pytest
from prometheus_client import REGISTRY
from services.gateway.tests.balancing.replicas import (
    BREAK_OFF,
    CRASH,
    OK,
    OUTAGE,
    REFUSAL,
    House,
    ask,
    get,
    house_of,
)
from structlog.testing import capture_logs

from stitch_common.testing.waiting import PATIENCE, until
from stitch_gateway.balancing import service
from stitch_gateway.balancing.breaker import State
from stitch_gateway.balancing.errors import UpstreamRestingError
from stitch_gateway.proxying.errors import UpstreamBrokenError, UpstreamError, UpstreamTimeoutError


def level(service: str) -> float | None:
    return REGISTRY.get_sample_value("stitch_gateway_breaker_state", {"upstream": service})


async def break_down(house: House) -> None:
    house.replicas[0].answer = BREAK_OFF
    for _ in range(5):
        with pytest.raises(UpstreamBrokenError):
            await ask(house.upstream)


async def test_a_service_that_breaks_off_again_and_again_is_left_alone() -> None:
    """S69: refused at once, with Retry-After, without a word to the service."""
    async with house_of(1) as house:
        with capture_logs() as logs:
            await break_down(house)
        with pytest.raises(UpstreamRestingError) as refusal:
            await ask(house.upstream)

        assert refusal.value.headers == {"retry-after": "1"}
        assert house.asked == [5]
        assert level("events") == 2
        assert [each["state"] for each in logs if each["event"] == "breaker_changed"] == ["open"]


async def test_silence_opens_it_too() -> None:
    async with house_of(1) as house:
        house.replicas[0].may_answer.clear()
        for _ in range(5):
            with pytest.raises(UpstreamTimeoutError):
                await ask(house.upstream, get(patience=0.1))

        assert house.upstream.breaker.state is State.OPEN


async def test_an_outage_in_between_opens_it_and_words_of_the_service_do_not() -> None:
    async with house_of(1) as house:
        for answer, state in ((CRASH, "closed"), (REFUSAL, "closed"), (OUTAGE, "open")):
            house.replicas[0].answer = answer
            for _ in range(5):
                await ask(house.upstream)
            assert house.upstream.breaker.state == state


async def test_one_goes_and_sees_while_the_others_are_refused() -> None:
    """S69: half-open."""
    async with house_of(1) as house:
        await break_down(house)
        house.replicas[0].answer, house.replicas[0].delay = OK, 0.1
        house.clock.now += 1

        answers = await asyncio.gather(
            *(ask(house.upstream) for _ in range(20)), return_exceptions=True
        )

        assert answers.count(200) == 1
        assert sum(isinstance(each, UpstreamRestingError) for each in answers) == 19
        assert house.asked == [6]
        assert await ask(house.upstream) == 200
        assert level("events") == 0


async def test_a_service_that_starts_again_is_asked_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However long the rest was to be; the clock of the breaker stands still here."""
    monkeypatch.setattr(service, "KNOCKED_EVERY", 0.05)
    async with house_of(1) as house:
        await ask(house.upstream)
        await house.replicas[0].stop()
        for _ in range(6):
            with pytest.raises((UpstreamError, UpstreamRestingError)):
                await ask(house.upstream)
        was_open = house.upstream.breaker.state
        await house.replicas[0].start(house.port)
        await asyncio.wait_for(asyncio.shield(waiting_of(house)), PATIENCE)

        assert was_open is State.OPEN
        assert await ask(house.upstream) == 200
        assert house.upstream.breaker.is_closed


async def test_a_service_that_listens_and_fails_gets_its_whole_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(service, "KNOCKED_EVERY", 0.01)
    async with house_of(1) as house:
        await break_down(house)
        await asyncio.sleep(0.1)

        with pytest.raises(UpstreamRestingError):
            await ask(house.upstream)


def waiting_of(house: House) -> asyncio.Task[None]:
    assert house.upstream._waiting is not None
    return house.upstream._waiting


async def test_a_probe_whose_client_leaves_makes_place_for_another() -> None:
    async with house_of(1) as house:
        await break_down(house)
        house.replicas[0].answer = OK
        house.replicas[0].may_answer.clear()
        house.clock.now += 1
        probe = asyncio.create_task(ask(house.upstream))
        await until_asked(house, 6)

        probe.cancel()
        await asyncio.gather(probe, return_exceptions=True)
        house.replicas[0].may_answer.set()

        assert await ask(house.upstream) == 200


async def test_an_answer_that_breaks_off_in_its_middle_counts_as_a_failure() -> None:
    async with house_of(1) as house:
        house.replicas[0].answer = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"
        for _ in range(5):
            with pytest.raises(UpstreamError):
                await ask(house.upstream, get(patience=0.02))

        assert house.upstream.breaker.strain > 0


async def until_asked(house: House, times: int) -> None:
    await until(lambda: house.asked == [times])


async def test_what_clients_do_wrong_opens_nothing() -> None:
    async with house_of(1) as house:
        house.replicas[0].may_answer.clear()
        for number in range(1, 11):
            asking = asyncio.create_task(ask(house.upstream))
            await until_asked(house, number)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

        assert (house.upstream.breaker.is_closed, house.upstream.breaker.strain) == (True, 0)


async def test_a_full_pool_is_not_the_services_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stitch_gateway.proxying.pool.QUEUE_PATIENCE", 0.01)
    async with house_of(1) as house:
        house.replicas[0].may_answer.clear()
        held = [asyncio.create_task(ask(house.upstream)) for _ in range(50)]
        await until_asked(house, 50)
        crowd = await asyncio.gather(
            *(ask(house.upstream) for _ in range(20)), return_exceptions=True
        )

        house.replicas[0].may_answer.set()

        assert all(isinstance(each, UpstreamError) for each in crowd)
        assert (house.upstream.breaker.is_closed, house.upstream.breaker.strain) == (True, 0)
        assert await asyncio.gather(*held) == [200] * 50
