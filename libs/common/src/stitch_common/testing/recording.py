"""Services as their callers meet them: applications that remember what reached them."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from jwt.algorithms import RSAAlgorithm
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from stitch_common.testing.tokens import KID, test_key

JWKS = "/api/auth/.well-known/jwks.json"

Answer = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as an application got it."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    @classmethod
    def of(cls, scope: Scope, body: bytes) -> "Seen":
        headers = [
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
        ]
        query = f"?{scope['query_string'].decode()}" if scope["query_string"] else ""
        return cls(scope["method"], scope["raw_path"].decode() + query, headers, body)

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]


async def answer_ok(scope: Scope, receive: Receive, send: Send) -> None:
    await JSONResponse({"ok": True})(scope, receive, send)


@dataclass
class Backend:
    """Answers as the test says, after it has read the whole request."""

    answer: Answer = answer_ok
    reads_first: bool = True
    seen: list[Seen] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = bytearray()
        while self.reads_first:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            if not message.get("more_body", False):
                break
        self.seen.append(Seen.of(scope, bytes(body)))
        await self.answer(scope, receive, send)

    def forget(self) -> None:
        self.answer, self.reads_first = answer_ok, True
        self.seen.clear()


class KeySet:
    """What auth publishes; everything else goes to the application behind it."""

    def __init__(self, behind: ASGIApp) -> None:
        self._behind = behind
        self.key = {**json.loads(RSAAlgorithm.to_jwk(test_key().public_key())), "kid": KID}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = JSONResponse({"keys": [self.key]}) if scope["path"] == JWKS else self._behind
        await app(scope, receive, send)
