"""A service at several addresses: who is asked, who is passed over, and how DNS is followed."""

import asyncio
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from services.gateway.tests.balancing.replicas import (
    BREAK_OFF,
    CRASH,
    REFUSAL,
    House,
    ask,
    get,
    house_of,
    post,
)

from stitch_common.testing.waiting import PATIENCE, until
from stitch_gateway.balancing import addresses
from stitch_gateway.balancing.addresses import two_of
from stitch_gateway.balancing.errors import UpstreamRestingError
from stitch_gateway.balancing.sites import Site, resolve_by_system
from stitch_gateway.proxying.errors import UpstreamError, UpstreamUnreachableError


async def settle(house: House) -> None:
    """Let what happens beside the requests happen."""
    await until(lambda: not house.upstream.addresses._working)


async def suffer(house: House, times: int) -> None:
    for _ in range(times):
        try:
            await ask(house.upstream)
        except UpstreamError:
            continue


@pytest.mark.parametrize("is_named", [True, False])
async def test_all_addresses_of_a_name_and_all_urls_get_their_share(is_named: bool) -> None:  # noqa: FBT001 - a case
    async with house_of(3, is_named=is_named) as house:
        for _ in range(90):
            await ask(house.upstream)

        assert min(house.asked) >= 15
        assert [replica.connections for replica in house.replicas] == [1, 1, 1]


@given(st.integers(2, 50), st.floats(0, 1, exclude_max=True), st.floats(0, 1, exclude_max=True))
def test_two_different_ones_are_compared(number: int, one: float, other: float) -> None:
    first, second = two_of(number, iter([one, other]).__next__)

    assert first != second
    assert {first, second} <= set(range(number))


async def test_the_less_busy_address_is_preferred() -> None:
    async with house_of(2) as house:
        await ask(house.upstream)
        slow, quick = house.replicas
        slow.delay = 0.3
        before = list(house.asked)

        async def client() -> None:
            for _ in range(20):
                await ask(house.upstream)

        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*(client() for _ in range(4)))

        assert house.asked[1] - before[1] > 4 * (house.asked[0] - before[0])
        assert quick.connections <= 5


async def test_a_dead_address_costs_nobody_an_answer() -> None:
    """S68: where nothing was sent another address is asked; a POST still is sent once."""
    async with house_of(2) as house:
        await ask(house.upstream)
        await house.replicas[0].stop()
        house.replicas[1].asked.clear()

        statuses = [await ask(house.upstream, post()) for _ in range(20)]

        assert statuses == [200] * 20
        assert house.replicas[1].asked == [b"POST"] * 20
        assert [each.place.address for each in house.upstream.addresses.asked] == ["127.0.0.12"]


async def test_an_address_that_is_back_is_asked_again_after_somebody_knocked() -> None:
    async with house_of(2) as house:
        await ask(house.upstream)
        dead = house.replicas[0]
        await dead.stop()
        await suffer(house, 10)
        dead.asked.clear()
        house.clock.now += 2.5
        await suffer(house, 1)
        await settle(house)
        while_dead = len(house.upstream.addresses.asked)
        await dead.start(house.port)
        connections = dead.connections

        house.clock.now += 4.5
        await suffer(house, 1)
        await settle(house)
        await suffer(house, 20)

        assert while_dead == 1
        assert dead.connections > connections
        assert len(dead.asked) >= 3


async def test_an_address_that_only_crashes_is_passed_over_while_others_do_not() -> None:
    async with house_of(3) as house:
        house.replicas[0].answer = CRASH
        for _ in range(60):
            await ask(house.upstream)
        so_far = house.asked[0]
        for _ in range(60):
            await ask(house.upstream)

        assert house.asked[0] == so_far == 5


async def test_a_considered_refusal_is_held_against_nobody() -> None:
    async with house_of(2) as house:
        house.replicas[0].answer = REFUSAL
        for _ in range(60):
            await ask(house.upstream)

        assert len(house.upstream.addresses.asked) == 2


async def test_of_addresses_that_listen_at_least_half_are_asked() -> None:
    async with house_of(4) as house:
        for replica in house.replicas:
            replica.answer = CRASH
        for _ in range(100):
            await ask(house.upstream)

        assert len(house.upstream.addresses.asked) == 2


async def test_when_all_addresses_are_dead_all_are_asked_again() -> None:
    """The panic mode: nobody is better than anybody else."""
    async with house_of(3) as house:
        await ask(house.upstream)
        for replica in house.replicas:
            await replica.stop()

        await suffer(house, 4)
        await house.replicas[2].start(house.port)
        house.clock.now += 40
        async with asyncio.timeout(PATIENCE):
            while (await statuses(house))[-1:] != [200]:
                house.clock.now += 40
                await settle(house)

        assert house.upstream.breaker.is_closed


async def statuses(house: House) -> list[int]:
    try:
        return [await ask(house.upstream)]
    except (UpstreamError, UpstreamRestingError):
        return []


async def test_a_name_is_looked_up_every_few_seconds() -> None:
    async with house_of(3) as house:
        house.dns.addresses = ["127.0.0.11"]
        for _ in range(10):
            await ask(house.upstream)
        asked_once = house.dns.asked
        house.dns.addresses = ["127.0.0.12", "127.0.0.13"]
        house.clock.now += 5.5
        await ask(house.upstream)
        await settle(house)
        before = list(house.asked)

        for _ in range(20):
            await ask(house.upstream)

        assert (asked_once, house.dns.asked) == (1, 2)
        assert house.asked[0] == before[0]
        assert min(house.asked[1] - before[1], house.asked[2] - before[2]) > 2


async def test_what_is_under_way_to_an_address_that_left_is_finished() -> None:
    async with house_of(2) as house:
        house.dns.addresses = ["127.0.0.11"]
        house.replicas[0].may_answer.clear()
        asking = asyncio.create_task(ask(house.upstream))
        await until(lambda: house.asked == [1, 0])
        house.dns.addresses = ["127.0.0.12"]
        house.clock.now += 5.5
        found = asyncio.create_task(ask(house.upstream))
        await settle(house)
        house.replicas[0].may_answer.set()

        assert await asking == await found == 200
        assert await ask(house.upstream) == 200
        assert house.asked[1] >= 1


async def test_while_dns_is_away_its_last_word_holds() -> None:
    async with house_of(2) as house:
        await ask(house.upstream)
        house.dns.addresses = []
        for _ in range(5):
            house.clock.now += 5.5
            await ask(house.upstream)
            await settle(house)

        assert house.dns.asked > 2
        assert len(house.upstream.addresses.asked) == 2


async def test_a_name_without_addresses_is_unreachable_and_asked_again_soon() -> None:
    async with house_of(1) as house:
        house.dns.addresses = []
        with pytest.raises(UpstreamUnreachableError):
            await ask(house.upstream)
        house.dns.addresses = ["127.0.0.11"]
        house.clock.now += 1.1

        assert await ask(house.upstream) == 200


async def test_a_dns_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """S78: nobody waits for ever."""
    monkeypatch.setattr(addresses, "RESOLVED_WITHIN", 0.1)
    async with house_of(1) as house:
        house.dns.answers.clear()

        async with asyncio.timeout(PATIENCE):
            with pytest.raises(UpstreamUnreachableError):
                await ask(house.upstream)

        house.dns.answers.set()
        house.clock.now += 1.1
        assert await ask(house.upstream) == 200


async def test_a_failed_connection_makes_it_look_the_name_up_at_once() -> None:
    """A pod that was replaced is not waited for."""
    async with house_of(2) as house:
        house.dns.addresses = ["127.0.0.11"]
        await ask(house.upstream)
        await house.replicas[0].stop()
        house.dns.addresses = ["127.0.0.12"]
        house.clock.now += 1.1
        await suffer(house, 1)
        await settle(house)

        assert await ask(house.upstream) == 200


async def test_a_second_try_goes_to_another_address() -> None:
    async with house_of(2) as house:
        for replica in house.replicas:
            replica.answer = BREAK_OFF
        with pytest.raises(UpstreamError) as failure:
            await ask(house.upstream)
        first = house.asked.index(1)
        second_try = get()
        object.__setattr__(second_try, "avoid", failure.value.address)

        with pytest.raises(UpstreamError):
            await ask(house.upstream, second_try)

        assert house.asked == [1, 1]
        assert first in {0, 1}


async def test_one_address_is_never_passed_over() -> None:
    async with house_of(1) as house:
        house.replicas[0].answer = CRASH
        for _ in range(30):
            assert await ask(house.upstream) == 500


async def test_the_machines_own_names_are_found_once_each() -> None:
    assert await resolve_by_system("localhost", 80) == ["127.0.0.1"]


@pytest.mark.parametrize(
    ("url", "is_address", "port"),
    [
        ("http://events-api:8000", False, 8000),
        ("http://10.0.0.1", True, 80),
        ("https://[fd00::1]:8443", True, 8443),
    ],
)
def test_a_url_says_whether_there_is_a_name_to_look_up(
    url: str,
    is_address: bool,  # noqa: FBT001 - a case
    port: int,
) -> None:
    site = Site.of(url)

    assert (site.is_address, site.port) == (is_address, port)
    assert not site.host.startswith("[")


async def test_the_host_that_a_service_is_told_is_its_configured_one() -> None:
    heard = asyncio.get_running_loop().create_future()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.set_result(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
        writer.close()

    async with house_of(1) as house:
        await house.replicas[0].stop()
        server = await asyncio.start_server(listen, "127.0.0.11", house.port, family=socket.AF_INET)
        await ask(house.upstream)
        server.close()

        assert f"host: events-api:{house.port}\r\n".encode() in await heard
