"""`Idempotency-Key`: a repeated POST gets the first answer and has its effect once.

A key is claimed before the use case, confirmed in the use case's own transaction, and answered
after it. A crash in between leaves a confirmed key without an answer: the effect is never
repeated, and the caller is told.
"""

import hmac
from hashlib import sha256

from fastapi import Request
from pydantic import SecretStr
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stitch_common.context import before_commit
from stitch_common.errors import StitchError
from stitch_common.http.idempotency_keys import Answer, Call, StoredKeys
from stitch_common.http.principals import bearer_token
from stitch_common.http.problems import InvalidQueryError, problem_of
from stitch_common.security.principals import InvalidTokenError, NotAuthenticatedError
from stitch_common.security.tokens import TokenVerifier

HEADER = "idempotency-key"
MAX_KEY = 255


class Idempotency:
    """Middleware: a POST with a key happens once."""

    def __init__(
        self, app: ASGIApp, keys: StoredKeys, verifier: TokenVerifier, secret: SecretStr
    ) -> None:
        self._app = app
        self._keys = keys
        self._verifier = verifier
        self._secret = secret.get_secret_value().encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        given = request.headers.getlist(HEADER)
        if not given:
            await self._app(scope, receive, send)
            return
        try:
            await self._once(request, _key(given), send)
        except StitchError as error:
            await problem_of(error, scope["path"])(scope, receive, send)

    async def _once(self, request: Request, key: str, send: Send) -> None:
        body = await request.body()
        call = Call(await self._caller(request), key, self._fingerprint(request, body))
        first = await self._keys.claim(call)
        if first is not None:
            headers = {**first.headers, "idempotency-replayed": "true"}
            replay = Response(bytes(first.body), first.status, headers)
            await replay(request.scope, request.receive, send)
            return
        await self._perform(request, body, call, send)

    async def _perform(self, request: Request, body: bytes, call: Call, send: Send) -> None:
        answer = Answer()

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send_and_take(message: Message) -> None:
            answer.take(message)
            await send(message)

        before = before_commit.set(lambda session: self._keys.confirm(call, session))
        try:
            await self._app(request.scope, receive, send_and_take)
        finally:
            before_commit.reset(before)
            await self._keys.settle(call, answer)

    async def _caller(self, request: Request) -> str:
        """Keys belong to the caller: a user, else the bearer of a link, else an address."""
        try:
            return f"user:{(await self._verifier.verify(bearer_token(request))).user_id}"
        except NotAuthenticatedError:
            return f"anonymous:{_address(request)}"
        except InvalidTokenError:
            credential = request.headers["authorization"]
            return f"bearer:{sha256(credential.encode()).hexdigest()}"

    def _fingerprint(self, request: Request, body: bytes) -> bytes:
        # Keyed, because it is stored: a plain digest of a body with a password could be guessed.
        digest = hmac.new(self._secret, digestmod=sha256)
        parts = (request.url.path, request.url.query, request.headers.get("content-type", ""))
        for part in parts:
            digest.update(part.encode() + b"\0")
        digest.update(body)
        return digest.digest()


def _address(request: Request) -> str:
    """The client's address as the gateway tells it; who writes it himself shares only his keys."""
    forwarded = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    return forwarded or (request.client.host if request.client else "")


def _key(given: list[str]) -> str:
    if len(given) > 1 or not 0 < len(given[0]) <= MAX_KEY or not given[0].isprintable():
        raise InvalidQueryError("Idempotency-Key must be given once, 1 to 255 characters.")
    return given[0]
