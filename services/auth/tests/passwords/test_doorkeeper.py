"""Log-ins that could only wait in vain are turned away before anything is done for them (S45)."""

import asyncio
from collections.abc import AsyncGenerator

import httpx
import pytest
from services.auth.tests.conftest import PASSWORD, People, Wire, settings_with
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from stitch_auth.passwords.adapters import Doorkeeper
from stitch_common.database import Database
from stitch_common.testing.waiting import until

PATH = "/api/auth/token"


class Inside:
    """An application whose guests stay until they are told to go."""

    def __init__(self) -> None:
        self.may_go = asyncio.Event()
        self.present = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.present += 1
        await self.may_go.wait()
        self.present -= 1
        await PlainTextResponse("done")(scope, receive, send)


@pytest.fixture
def inside() -> Inside:
    return Inside()


@pytest.fixture
def client(inside: Inside) -> httpx.AsyncClient:
    keeper = Doorkeeper(inside, path=PATH, room=2)
    return httpx.AsyncClient(transport=httpx.ASGITransport(keeper), base_url="http://auth")


async def until_present(inside: Inside, number: int) -> None:
    await until(lambda: inside.present >= number)


async def test_who_comes_when_it_is_full_is_told_to_come_back(
    client: httpx.AsyncClient, inside: Inside
) -> None:
    guests = [asyncio.create_task(client.post(PATH)) for _ in range(2)]
    await until_present(inside, 2)

    refused = [await client.post(path) for path in (PATH, f"{PATH}/")]
    inside.may_go.set()
    served = await asyncio.gather(*guests)
    later = await client.post(PATH)

    assert [answer.status_code for answer in refused] == [503, 503]
    assert (refused[0].json()["code"], refused[0].headers["retry-after"]) == ("busy", "1")
    assert [answer.status_code for answer in (*served, later)] == [200] * 3


async def test_other_paths_are_open_to_all(client: httpx.AsyncClient, inside: Inside) -> None:
    everybody = [asyncio.create_task(client.get("/api/auth/me")) for _ in range(5)]
    await until_present(inside, 5)
    inside.may_go.set()

    assert {answer.status_code for answer in await asyncio.gather(*everybody)} == {200}


async def test_who_leaves_makes_room(client: httpx.AsyncClient, inside: Inside) -> None:
    impatient = [asyncio.create_task(client.post(PATH)) for _ in range(2)]
    await until_present(inside, 2)
    for each in impatient:
        each.cancel()
    await asyncio.wait(impatient)
    inside.may_go.set()

    assert (await client.post(PATH)).status_code == 200


async def test_who_never_sends_the_whole_form_takes_nobodys_place() -> None:
    async def repeat(scope: Scope, receive: Receive, send: Send) -> None:
        body = await Request(scope, receive).body()
        await PlainTextResponse(body)(scope, receive, send)

    begun = asyncio.Semaphore(0)

    async def half_a_form() -> AsyncGenerator[bytes]:
        yield b"username=ada&"
        begun.release()
        await asyncio.Event().wait()

    async def whole_form() -> AsyncGenerator[bytes]:
        yield b"username=ada&"
        yield b"password=secret"

    keeper = Doorkeeper(repeat, path=PATH, room=2)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(keeper), base_url="http://auth")
    slow = [asyncio.create_task(client.post(PATH, content=half_a_form())) for _ in range(2)]
    for _ in slow:
        await begun.acquire()

    answer = await client.post(PATH, content=whole_form())

    assert (answer.status_code, answer.content) == (200, b"username=ada&password=secret")
    for each in slow:
        each.cancel()
    await asyncio.wait(slow)


async def test_a_refusal_at_the_door_is_told_and_counted_like_any_other(
    wire: Wire, busy_database: Database
) -> None:
    wired = await wire(busy_database, settings_with(hashing_threads=1, hashing_queue=1))
    await People(wired).make(username="ada")
    form = {"username": "ada", "password": PASSWORD}

    answers = await asyncio.gather(
        *(
            wired.client.post(PATH, data=form, headers={"x-request-id": f"storm-{number}"})
            for number in range(20)
        )
    )

    refused = [(n, a) for n, a in enumerate(answers) if a.status_code == 503]
    assert refused
    assert all(answer.headers["x-request-id"] == f"storm-{n}" for n, answer in refused)
    assert {answer.json()["code"] for _, answer in refused} == {"busy"}
