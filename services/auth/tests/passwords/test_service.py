"""How passwords are kept (S9, S45, S50, S52)."""

import asyncio
import os
import threading
from base64 import b64encode

import pytest
from pwdlib.hashers.argon2 import Argon2Hasher
from pydantic import SecretStr

from stitch_auth.passwords.adapters import NICENESS, NicedThreads, Turns
from stitch_auth.passwords.errors import HashingBusyError, WeakPasswordError
from stitch_auth.passwords.service import PasswordService

OLD = SecretStr(b64encode(b"o" * 32).decode())
NEW = SecretStr(b64encode(b"n" * 32).decode())


def service(
    peppers: dict[str, SecretStr] | None = None, *, passes: int = 1, queue: int = 8
) -> PasswordService:
    hasher = Argon2Hasher(time_cost=passes, memory_cost=8, parallelism=1)
    threads = NicedThreads(threads=1, queue=queue)
    turns = Turns(at_once=2, waiting=queue)
    return PasswordService(threads, turns, peppers or {"p1": OLD}, hasher)


async def test_the_right_password_is_right_and_another_is_not() -> None:
    passwords = service()
    stored = await passwords.hash("violet-kayak-thermos")

    assert (await passwords.verify("violet-kayak-thermos", stored)).is_right
    assert not (await passwords.verify("violet-kayak-thermoS", stored)).is_right
    assert not (await passwords.verify("violet-kayak-thermos ", stored)).is_right


async def test_nothing_is_truncated() -> None:
    passwords = service()
    stored = await passwords.hash("a b" * 42 + "xy")

    assert not (await passwords.verify("a b" * 42 + "xz", stored)).is_right


async def test_a_password_is_the_same_however_it_is_composed() -> None:
    passwords = service()
    stored = await passwords.hash("caf\u00e9-caf\u00e9-caf\u00e9")

    assert (await passwords.verify("cafe\u0301-cafe\u0301-cafe\u0301", stored)).is_right


async def test_nobody_s_password_is_never_right() -> None:
    assert not (await service().verify("anything at all", None)).is_right


async def test_a_hash_is_argon2id_salted_and_worthless_without_the_pepper() -> None:
    passwords = service()

    first, second = [await passwords.hash("violet-kayak-thermos") for _ in range(2)]

    assert first.startswith("p1$argon2id$v=19$m=8,t=1,p=1$")
    assert first != second
    other_pepper = service({"p1": NEW})
    assert not (await other_pepper.verify("violet-kayak-thermos", first)).is_right


async def test_old_parameters_and_old_peppers_are_noticed_and_still_work() -> None:
    stored = await service({"p1": OLD}).hash("violet-kayak-thermos")

    same = await service({"p1": OLD}).verify("violet-kayak-thermos", stored)
    new_pepper = await service({"p1": OLD, "p2": NEW}).verify("violet-kayak-thermos", stored)
    new_passes = await service({"p1": OLD}, passes=2).verify("violet-kayak-thermos", stored)

    assert (same.is_right, same.is_outdated) == (True, False)
    assert (new_pepper.is_right, new_pepper.is_outdated) == (True, True)
    assert (new_passes.is_right, new_passes.is_outdated) == (True, True)


async def test_a_hash_whose_pepper_is_gone_can_not_be_verified() -> None:
    stored = await service({"p1": OLD}).hash("violet-kayak-thermos")

    assert not (await service({"p2": NEW}).verify("violet-kayak-thermos", stored)).is_right


async def test_what_is_too_long_is_refused_without_computing() -> None:
    passwords = service(queue=1)

    verdicts = await asyncio.gather(*(passwords.verify("x" * 129, None) for _ in range(20)))

    assert not any(verdict.is_right for verdict in verdicts)
    with pytest.raises(WeakPasswordError, match="12 to 128"):
        await passwords.require_strength("x" * 129, [])


async def test_more_than_can_wait_are_refused_at_once() -> None:
    threads = NicedThreads(threads=1, queue=1)
    release = threading.Event()
    waiting = [asyncio.ensure_future(threads.run(release.wait)) for _ in range(2)]
    await asyncio.sleep(0)

    with pytest.raises(HashingBusyError) as refused:
        await threads.run(release.wait)

    assert refused.value.headers["retry-after"] == "1"
    release.set()
    await asyncio.gather(*waiting)
    assert await threads.run(lambda: 1) == 1


async def test_who_leaves_while_waiting_makes_room() -> None:
    threads = NicedThreads(threads=1, queue=1)
    release = threading.Event()
    working = asyncio.ensure_future(threads.run(release.wait))
    leaving = asyncio.ensure_future(threads.run(release.wait))
    await asyncio.sleep(0.01)

    leaving.cancel()
    await asyncio.wait([leaving])
    staying = asyncio.ensure_future(threads.run(release.wait))
    await asyncio.sleep(0)
    release.set()

    assert all(await asyncio.gather(working, staying))


async def test_hashing_gives_way_to_everything_else() -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    inside = await NicedThreads(threads=1, queue=1).run(niceness)

    assert niceness() < inside == niceness() + NICENESS


async def test_who_comes_when_too_many_wait_is_refused_and_the_others_take_turns() -> None:
    turns = Turns(at_once=1, waiting=1)
    may_end = asyncio.Event()

    async def work() -> None:
        async with turns.take():
            await may_end.wait()

    working = [asyncio.create_task(work()) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(HashingBusyError):
        async with turns.take():
            pass
    may_end.set()
    await asyncio.gather(*working)

    async with turns.take():
        pass
