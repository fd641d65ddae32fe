"""A stream through the gateway ends when auth says so, by the bus (S40)."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

import httpx
import pytest
from services.gateway.tests.backend import served
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send
from tests.security.house import House, bearer

from stitch_common.testing.waiting import promised, until
from stitch_gateway.runtime import balanced

PATH = "/api/ai/generate-content"
PROMISED = 2.0


class Ticking:
    """A service that sends an event again and again, and notes whose stream has ended."""

    def __init__(self) -> None:
        self.ended: dict[str, asyncio.Event] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        token = Request(scope).headers["authorization"].removeprefix("Bearer ")
        answer = StreamingResponse(self._ticks(token), media_type="text/event-stream")
        await answer(scope, receive, send)

    async def _ticks(self, token: str) -> AsyncIterator[bytes]:
        ended = self.ended[token] = asyncio.Event()
        try:
            while True:
                yield b"data: tick\n\n"
                await asyncio.sleep(0.02)
        finally:
            ended.set()


@pytest.fixture
async def ticking(house: House) -> AsyncGenerator[Ticking]:
    """In the place of the AI service."""
    service = Ticking()
    gateway = house["gateway"].runtime
    upstreams = gateway.upstreams
    real = upstreams["ai"]
    async with served(service) as url:
        upstreams["ai"] = balanced("ai", [url], gateway.settings)
        yield service
        await upstreams["ai"].close()
        upstreams["ai"] = real


async def test_a_logout_ends_the_streams_of_its_session_and_nobody_elses(
    house: House, ticking: Ticking
) -> None:
    """S40: log in, stream, log out in another place."""
    token, other = [(await house.log_in("editor"))["access_token"] for _ in range(2)]
    client = house["gateway"].client
    async with (
        client.stream("POST", PATH, headers=bearer(token), json={}) as answer,
        client.stream("POST", PATH, headers=bearer(other), json={}) as others,
    ):
        lines, other_lines = answer.aiter_lines(), others.aiter_lines()
        assert (await anext(lines), await anext(other_lines)) == ("data: tick", "data: tick")
        await asyncio.sleep(0.2)

        logout = await client.post(
            "/api/auth/logout", headers={**bearer(token), "x-requested-with": "test"}
        )
        assert logout.status_code == 204
        async with promised(PROMISED):
            with pytest.raises(httpx.RemoteProtocolError):
                await read_on(lines)

        await until(ticking.ended[token].is_set)
        assert not ticking.ended[other].is_set()
        assert [await anext(other_lines) for _ in range(4)].count("data: tick") == 2


async def read_on(lines: AsyncIterator[str]) -> None:
    async for _ in lines:
        continue
