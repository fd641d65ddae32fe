"""How an application's answer gets onto the connection."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from starlette.types import Receive, Scope, Send

from stitch_common.http.cycle import CLIENT, MalformedAnswerError, head_of
from stitch_common.testing.serving import served
from stitch_common.testing.waiting import PATIENCE

GET = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


@asynccontextmanager
async def connected_to(
    application: Application,
) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    async with served(application) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            yield reader, writer
        finally:
            writer.close()


async def answer_of(application: Application, request: bytes = GET) -> bytes:
    async with connected_to(application) as (reader, writer):
        writer.write(request)
        return await asyncio.wait_for(reader.read(), PATIENCE)


def saying(status: int, *parts: bytes, **fields: str) -> Application:
    async def application(_scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(k.replace("_", "-").encode(), v.encode()) for k, v in fields.items()]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for number, part in enumerate(parts, 1):
            more = number < len(parts)
            await send({"type": "http.response.body", "body": part, "more_body": more})

    return application


async def test_a_body_of_known_length_comes_as_it_is() -> None:
    head, _, body = (await answer_of(saying(200, b"ab", b"c", content_length="3"))).partition(
        b"\r\n\r\n"
    )

    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert body == b"abc"


async def test_a_body_of_unknown_length_comes_in_chunks() -> None:
    head, _, body = (await answer_of(saying(200, b"ab", b"", b"c"))).partition(b"\r\n\r\n")

    assert b"transfer-encoding: chunked" in head
    assert body == b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"


@pytest.mark.parametrize("status", [204, 304])
async def test_what_has_no_body_has_none_whatever_is_said(status: int) -> None:
    answer = await answer_of(saying(status, b"abc", content_length="3"))

    assert answer.endswith(b"\r\n\r\n")
    assert b"chunked" not in answer


async def test_head_gets_the_length_of_what_it_does_not_get() -> None:
    asked = GET.replace(b"GET", b"HEAD")

    answer = await answer_of(saying(200, b"abc", content_length="3"), asked)

    assert b"content-length: 3\r\n" in answer
    assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("parts", [[b"ab"], [b"abcd"], [b"ab", b"cd"]])
async def test_a_body_of_another_length_is_seen_to_be_wrong(parts: list[bytes]) -> None:
    answer = await answer_of(saying(200, *parts, content_length="3"))

    assert len(answer.partition(b"\r\n\r\n")[2]) < 3


@pytest.mark.parametrize("value", [b"1\r\nset-cookie: x", b"1\nset-cookie: x", b"1\r", b"\0"])
def test_no_field_breaks_out_of_its_line(value: bytes) -> None:
    with pytest.raises(MalformedAnswerError):
        head_of(200, [(b"etag", value)])


async def test_a_whole_answer_goes_out_in_one_call() -> None:
    async def application(scope: Scope, _receive: Receive, _send: Send) -> None:
        fields = [(b"content-length", b"3")]
        assert scope["extensions"][CLIENT].answer(200, fields, b"abc")

    answer = await answer_of(application)

    assert answer.endswith(b"\r\n\r\nabc")


async def test_an_application_hears_at_once_that_its_client_has_left() -> None:
    asked, left = asyncio.Event(), asyncio.get_running_loop().create_future()

    async def application(scope: Scope, _receive: Receive, _send: Send) -> None:
        client = scope["extensions"][CLIENT]
        client.when_it_leaves(lambda: left.set_result((client.has_left, client.task)))
        asked.set()
        await left

    async with connected_to(application) as (_, writer):
        writer.write(GET)
        await asyncio.wait_for(asked.wait(), PATIENCE)
        writer.close()
        has_left, task = await asyncio.wait_for(left, PATIENCE)

    assert has_left
    assert isinstance(task, asyncio.Task)
