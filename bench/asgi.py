"""Calling an application without a client or a socket, so that ratios are not those of a client."""

from collections.abc import Mapping

from starlette.types import ASGIApp, Message


async def call(
    app: ASGIApp, method: str, path: str, *, headers: Mapping[str, str], body: bytes = b""
) -> bytes:
    """What the application answers with 200; a body is JSON unless the headers say otherwise."""
    path, _, query = path.partition("?")
    answered: list[Message] = []
    sent = {"host": "bench", "content-type": "application/json", **headers}
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
        "scheme": "http", "path": path, "raw_path": path.encode(), "root_path": "",
        "query_string": query.encode(), "server": ("bench", 80), "client": ("127.0.0.1", 1),
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
    }  # fmt: skip

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        answered.append(message)

    await app(scope, receive, send)
    if answered[0]["status"] != 200:
        raise AssertionError(answered)
    return b"".join(message.get("body", b"") for message in answered)
