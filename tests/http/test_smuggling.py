"""Two hops: whatever two readers could read as different requests is one for both, or none."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator

import pytest
from tests.http import mutations
from tests.http.mutations import LAST, SMUGGLED
from tests.http.street import Street
from tests.http.wire import connected, exchange, statuses, until_closed

AT_ONCE = 20
KINDS: dict[str, Callable[[], Iterator[bytes]]] = {
    "two framings": mutations.by_framing,
    "odd chunks": mutations.by_chunks,
    "chance": lambda: mutations.by_chance(600),
}


async def attack(port: int, sent: bytes, *, is_torn: bool) -> bytes:
    """The bytes, and a last request that says close: all is answered or the connection cut."""
    async with connected(port) as (reader, writer):
        if is_torn:
            half = len(sent) // 2
            writer.write(sent[:half])
            await asyncio.sleep(0.01)
            sent = sent[half:]
        writer.write(sent + LAST)
        return await until_closed(reader)


async def attack_all(port: int, mutants: list[bytes], *, is_torn: bool) -> list[bytes]:
    return await few_at_once(attack(port, sent, is_torn=is_torn) for sent in mutants)


async def few_at_once(tries: Iterable[Awaitable[bytes]]) -> list[bytes]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(attempt: Awaitable[bytes]) -> bytes:
        async with gate:
            return await attempt

    return await asyncio.gather(*map(one, tries))


@pytest.mark.parametrize("is_torn", [False, True], ids=["whole", "torn"])
@pytest.mark.parametrize("kind", KINDS)
async def test_what_was_hidden_in_a_body_is_asked_of_nobody(
    two_hops: Street, kind: str, *, is_torn: bool
) -> None:
    """S63: one request upstream for each that was answered, and never the hidden one.

    The mutants by chance may well contain two good requests, in sight of everybody: of them only
    the number is judged.
    """
    received = await attack_all(two_hops.port, list(KINDS[kind]()), is_torn=is_torn)

    answered = [status for each in received for status in statuses(each)]
    assert len(two_hops.seen) == answered.count(200)
    assert set(answered) <= {200, 400, 404, 405, 408, 413, 414, 417, 431, 501}
    if kind != "chance":
        hidden = [seen for seen in two_hops.seen if SMUGGLED.decode() in seen.target]
        assert hidden == []


@pytest.mark.parametrize("kind", KINDS)
async def test_nobody_gets_the_answer_to_somebody_elses_request(
    two_hops: Street, kind: str
) -> None:
    """S63: attackers and others share the gateway's connections to services."""
    mutants = list(KINDS[kind]())
    targets = [b"/api/content/published/mine-%d" % number for number in range(len(mutants) // 4)]

    async def ask(target: bytes) -> bytes:
        head = b"GET %b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % target
        return await exchange(two_hops.port, head)

    others, _ = await asyncio.gather(
        few_at_once(map(ask, targets)), attack_all(two_hops.port, mutants, is_torn=False)
    )

    assert [
        each.endswith(b"<%b>" % target) for each, target in zip(others, targets, strict=True)
    ] == [True] * len(targets)
    assert sum("mine-" in seen.target for seen in two_hops.seen) == len(targets)
