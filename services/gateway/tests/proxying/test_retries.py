"""What is tried again, and what never is."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from starlette.types import Message

from stitch_common.clock import utc_now
from stitch_common.errors import StitchError
from stitch_common.security.tokens import TokenVerifier
from stitch_common.testing.tokens import AUDIENCE, ISSUER, Issuer
from stitch_gateway.authentication.service import ANONYMOUS, Guard
from stitch_gateway.cors.answers import BrowserHeaders
from stitch_gateway.cors.rules import Origins
from stitch_gateway.intake.head import Fields, read_head
from stitch_gateway.observing.exchange import Exchange
from stitch_gateway.observing.trace import Traces
from stitch_gateway.proxying.errors import (
    ConnectTimeoutError,
    UpstreamBrokenError,
    UpstreamBusyError,
    UpstreamTimeoutError,
    UpstreamUnreachableError,
)
from stitch_gateway.proxying.service import Passage, Proxy
from stitch_gateway.proxying.upstream import UpstreamAnswer, UpstreamRequest
from stitch_gateway.routing.rules import RouteTable
from stitch_gateway.routing.table import ROUTES
from stitch_gateway.settings import GatewaySettings
from stitch_gateway.streaming.patience import Patience
from stitch_gateway.streaming.service import Streams


class Done:
    """An answer without a body."""

    status = 204

    def whole(self) -> bytes | None:
        return b""

    @property
    def fields(self) -> Fields:
        return []

    async def chunks(self) -> AsyncIterator[bytes]:
        return
        yield


class Failing:
    """An upstream that fails as often as it is told, and then answers."""

    def __init__(self, *failures: StitchError) -> None:
        self._failures = list(failures)
        self.avoided: list[object] = []

    @property
    def asked(self) -> int:
        return len(self.avoided)

    @asynccontextmanager
    async def exchange(self, request: UpstreamRequest) -> AsyncGenerator[UpstreamAnswer]:
        self.avoided.append(request.avoid)
        if self._failures:
            raise self._failures.pop(0)
        yield Done()

    async def close(self) -> None:
        return


async def send(_message: Message) -> None:
    return


class Watching:
    """A client that takes what it is given."""

    has_left = False
    refusal = None
    task: asyncio.Task[None]

    def when_it_leaves(self, act: Callable[[], object]) -> None:
        """It stays."""

    def answer(self, _status: int, _fields: object, _body: bytes) -> bool:
        return True


def exchange(method: str) -> Exchange:
    browser = BrowserHeaders(Origins(()), is_https=False)
    hop = Traces(0).begin(None)
    client = Watching()
    return Exchange(send, client, method, request_id="1", hop=hop, browser=browser, origin=None)


def passage(method: str, *, has_body: bool = False) -> Passage:
    headers = [(b"host", b"x")] + [(b"content-length", b"2")] * has_body
    scope = {
        "method": method,
        "raw_path": b"/api/events/7",
        "query_string": b"",
        "headers": headers,
    }
    template = "/api/events/7/publish" if method == "POST" else "/api/events/7"
    match = RouteTable(ROUTES).find(method, template)
    return Passage(exchange(method), read_head(scope), match, ANONYMOUS, "127.0.0.1")


async def receive() -> Message:
    return {"type": "http.request", "body": b"{}", "more_body": False}


async def forward(upstream: Failing, passage: Passage) -> None:
    await forward_by(Proxy({"events": upstream}, GatewaySettings()), passage)


async def forward_by(proxy: Proxy, passage: Passage) -> None:
    verifier = TokenVerifier(Issuer(utc_now), utc_now, issuer=ISSUER, audience=AUDIENCE)
    task = asyncio.current_task()
    assert task
    with Patience(Streams(Guard(verifier), verifier.revocations, utc_now), task) as patience:
        await proxy.forward(passage, receive, send, patience)


@pytest.mark.parametrize("failure", [UpstreamUnreachableError(), ConnectTimeoutError()])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
async def test_what_is_idempotent_and_was_not_sent_is_sent_again(
    method: str, failure: StitchError
) -> None:
    """S68."""
    upstream = Failing(failure)

    await forward(upstream, passage(method))

    assert upstream.asked == 2


async def test_what_is_safe_and_broke_off_is_sent_again() -> None:
    upstream = Failing(UpstreamBrokenError())

    await forward(upstream, passage("GET"))

    assert upstream.asked == 2


@pytest.mark.parametrize(
    "failure",
    [
        UpstreamUnreachableError(),
        ConnectTimeoutError(),
        UpstreamBrokenError(),
        UpstreamTimeoutError(),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_what_is_not_idempotent_is_sent_once(method: str, failure: StitchError) -> None:
    """S68: after a refused connection, a reset and a timeout."""
    upstream = Failing(failure)

    with pytest.raises(type(failure)):
        await forward(upstream, passage(method))

    assert upstream.asked == 1


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_what_may_have_had_its_effect_is_not_sent_again(method: str) -> None:
    upstream = Failing(UpstreamBrokenError())

    with pytest.raises(UpstreamBrokenError):
        await forward(upstream, passage(method))

    assert upstream.asked == 1


async def test_what_has_spent_its_body_is_not_sent_again() -> None:
    upstream = Failing(UpstreamBrokenError())

    with pytest.raises(UpstreamBrokenError):
        await forward(upstream, passage("GET", has_body=True))

    assert upstream.asked == 1


async def test_patience_is_not_spent_twice() -> None:
    upstream = Failing(UpstreamTimeoutError())

    with pytest.raises(UpstreamTimeoutError):
        await forward(upstream, passage("GET"))

    assert upstream.asked == 1


async def test_a_service_with_its_hands_full_is_not_asked_again() -> None:
    upstream = Failing(UpstreamBusyError())

    with pytest.raises(UpstreamBusyError):
        await forward(upstream, passage("GET"))

    assert upstream.asked == 1


async def test_a_second_try_avoids_the_address_that_failed() -> None:
    failure, address = UpstreamBrokenError(), object()
    failure.address = address
    upstream = Failing(failure)

    await forward(upstream, passage("GET"))

    assert upstream.avoided == [None, address]


async def test_second_tries_never_multiply_the_load_of_a_service_in_trouble() -> None:
    """S68: at most a fifth more, but for the first few."""
    upstream = Failing(*[UpstreamBrokenError() for _ in range(1000)])
    proxy = Proxy({"events": upstream}, GatewaySettings())

    for _ in range(200):
        with pytest.raises(UpstreamBrokenError):
            await forward_by(proxy, passage("GET"))

    assert 200 < upstream.asked <= 200 * 1.2 + 25


async def test_there_is_one_second_try() -> None:
    upstream = Failing(UpstreamUnreachableError(), UpstreamUnreachableError())

    with pytest.raises(UpstreamUnreachableError):
        await forward(upstream, passage("GET"))

    assert upstream.asked == 2
