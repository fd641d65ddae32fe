"""One request to one service and its answer back; nothing is kept on the way."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.types import Receive, Send

from stitch_gateway.authentication.service import Admission
from stitch_gateway.balancing.budget import RetryBudget
from stitch_gateway.balancing.metrics import RETRIES
from stitch_gateway.balancing.rules import again
from stitch_gateway.intake.body import Body
from stitch_gateway.intake.head import Fields, Head
from stitch_gateway.observing.exchange import Exchange
from stitch_gateway.proxying.errors import UpstreamError
from stitch_gateway.proxying.rules import (
    AUTH,
    PublicAddress,
    homeward_fields,
    onward_fields,
    target_of,
)
from stitch_gateway.proxying.upstream import Upstream, UpstreamAnswer, UpstreamRequest
from stitch_gateway.routing.models import Match, Moved
from stitch_gateway.routing.rules import fill
from stitch_gateway.settings import GatewaySettings
from stitch_gateway.streaming.errors import AnswerCutShortError
from stitch_gateway.streaming.patience import Patience


@dataclass(slots=True)
class Passage:
    """A request that may pass."""

    exchange: Exchange
    head: Head
    match: Match
    admission: Admission
    client: str


class Proxy:
    """Hands requests on."""

    def __init__(self, upstreams: Mapping[str, Upstream], settings: GatewaySettings) -> None:
        self._upstreams = upstreams
        self._budgets = {name: RetryBudget(time.monotonic) for name in upstreams}
        self._public = PublicAddress.of(settings.public_url)

    async def forward(
        self, passage: Passage, receive: Receive, send: Send, patience: Patience
    ) -> None:
        """Answer with what the service says.

        Raises a StitchError while there still can be another answer; ClientLeftError if nobody
        waits for one; AnswerCutShortError if its middle is where it has to end.
        """
        route = passage.match.route
        request = await self._request(passage, receive)
        self._budgets[route.upstream].asked += 1
        try:
            await self._hand_on(request, passage, send, patience)
        except UpstreamError as error:  # before an answer has begun
            second = self._second_try(request, passage, error)
            if second is None:
                raise
        else:
            return
        await self._hand_on(second, passage, send, patience)

    async def _hand_on(
        self, request: UpstreamRequest, passage: Passage, send: Send, patience: Patience
    ) -> None:
        upstream = self._upstreams[passage.match.route.upstream]
        async with upstream.exchange(request) as answer:
            if passage.match.route.upstream != AUTH:
                # Auth's word that a session has ended is for whom it has ended.
                await patience.begin()
            await _pass_on(answer, passage, send, patience)

    def _second_try(
        self, request: UpstreamRequest, passage: Passage, error: UpstreamError
    ) -> UpstreamRequest | None:
        """Once, where that can't do a thing twice, and while few others need one, too."""
        service = passage.match.route.upstream
        second = again(request, error)
        if second is None:
            return None
        may = self._budgets[service].spend()
        RETRIES.labels(service, "sent" if may else "too-many").inc()
        return second if may else None

    async def _request(self, passage: Passage, receive: Receive) -> UpstreamRequest:
        head, route = passage.head, passage.match.route
        request = UpstreamRequest(
            method=head.method,
            target=target_of(passage.match, head),
            fields=onward_fields(
                head,
                passage.match,
                passage.admission,
                client=passage.client,
                public=self._public,
                exchange=passage.exchange,
            ),
            patience=route.patience,
        )
        if head.has_body or head.content_length is not None:
            body = Body(head, receive, limit=route.max_body)
            if body.is_there:
                await body.begin()
            request.body, request.length = body.chunks() if body.is_there else None, body.length
        return request


async def _pass_on(
    answer: UpstreamAnswer, passage: Passage, send: Send, patience: Patience
) -> None:
    fields = _fields(answer, passage)
    whole = b"" if passage.head.method == "HEAD" else answer.whole()
    if whole is None:
        await send({"type": "http.response.start", "status": answer.status, "headers": fields})
        await _stream(answer, send)
    else:
        await passage.exchange.answer(answer.status, fields, whole)
    patience.over()


def _fields(answer: UpstreamAnswer, passage: Passage) -> Fields:
    fields, route = homeward_fields(answer.fields), passage.match.route
    if route.access.schemes and not _has(fields, b"cache-control"):
        fields.append((b"cache-control", b"private, no-cache"))
    if route.moved is not None:
        fields += _deprecation(passage.match, route.moved)
    return fields


async def _stream(answer: UpstreamAnswer, send: Send) -> None:
    try:
        async for chunk in answer.chunks():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    except Exception as error:
        raise AnswerCutShortError from error
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _deprecation(match: Match, moved: Moved) -> Fields:
    """RFC 9745 and RFC 8288: since when not to use this path, and which one instead."""
    since = datetime.combine(moved.since, datetime.min.time(), UTC)
    successor = f'<{fill(moved.template, match.values)}>; rel="successor-version"'
    return [
        (b"deprecation", b"@%d" % since.timestamp()),
        (b"link", successor.encode()),
    ]


def _has(fields: Fields, wanted: bytes) -> bool:
    return wanted in [name for name, _ in fields]
