"""One request and its answer, as far as anybody remembers them."""

from time import perf_counter

from starlette.types import Message, Send

from stitch_common.http.cycle import Client
from stitch_gateway.cors.answers import BrowserHeaders
from stitch_gateway.intake.head import Fields
from stitch_gateway.observing.trace import Hop

NO_ANSWER = 499
"""As nginx has it: the client left before there was one."""
THROTTLED = 429
"""Who refuses tells of the limit itself, be it a service or the gateway."""


class Exchange:
    """Filled by who answers, read by who logs; never a path, a query or a credential."""

    __slots__ = (
        "_browser", "_client", "_origin", "_send", "began", "bytes", "hop", "method", "outcome",
        "request_id", "standing", "status", "template", "upstream", "user_id",
    )  # fmt: skip

    def __init__(
        self,
        send: Send,
        client: Client,
        method: str,
        *,
        request_id: str,
        hop: Hop,
        browser: BrowserHeaders,
        origin: bytes | None,
    ) -> None:
        self._send = send
        self._client = client
        self._browser = browser
        self._origin = origin
        self.method = method
        self.request_id = request_id
        self.hop = hop
        self.began = perf_counter()
        self.template = "unmatched"
        self.outcome = "answered"
        """`answered`, the code of a refusal, `client-left` or `cut-short`."""
        self.upstream: str | None = None
        self.user_id: int | None = None
        self.standing: Fields = []
        """What the answer tells about limits."""
        self.status = NO_ANSWER
        self.bytes = 0

    @property
    def has_begun(self) -> bool:
        """Whether an answer has; there can be no other then."""
        return self.status != NO_ANSWER

    async def answer(self, status: int, fields: Fields, body: bytes) -> None:
        """A whole answer, in one piece if the client takes it."""
        self.status = status
        dressed = self._dressed(fields)
        self.bytes = len(body)
        if not self._client.answer(status, dressed, body):
            start = {"type": "http.response.start", "status": status, "headers": dressed}
            await self._send(start)
            await self._send({"type": "http.response.body", "body": body})

    async def send(self, message: Message) -> None:
        """The answer's way out, whoever makes it."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = self._dressed(message["headers"])
        else:
            self.bytes += len(message["body"])
        await self._send(message)

    def lose_client(self) -> None:
        """Nobody waits any more; perhaps because the connection has refused the rest of a body."""
        refusal = self._client.refusal
        if refusal is None:
            self.outcome = "client-left"
        else:
            self.outcome, self.status = refusal.code, refusal.status

    def _dressed(self, given: Fields) -> Fields:
        fields = self._browser.dress(given, self._origin)
        fields.append((b"x-request-id", self.request_id.encode()))
        if self.status != THROTTLED:
            fields += self.standing
        return fields
