"""A service that costs next to nothing: `python bench/gateway_upstream.py <port> <key set>`."""

import asyncio
import sys
from pathlib import Path

import httptools
import uvloop

ANSWER = b'{"padding": "%b"}' % (b"x" * 1008)
HEAD = (
    b"HTTP/1.1 200 OK\r\ndate: Sun, 22 Nov 2026 12:00:00 GMT\r\ncontent-type: application/json\r\n"
    b'etag: "7"\r\ncontent-length: %d\r\n\r\n%b'
)
JWKS = b"/api/auth/.well-known/jwks.json"


class Upstream(asyncio.Protocol):
    """Reads a request, forgets it, and answers a KiB; and is the key set of all contenders."""

    def __init__(self, keys: bytes) -> None:
        self._keys = keys
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._url = url

    def on_message_complete(self) -> None:
        body = self._keys if self._url == JWKS else ANSWER
        self._transport.write(HEAD % (len(body), body))  # type: ignore[attr-defined]


async def serve(port: int, keys: bytes) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Upstream(keys), "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), Path(sys.argv[2]).read_bytes()))
