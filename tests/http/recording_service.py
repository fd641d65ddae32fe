"""A service without a schema, run as a process of its own."""

import asyncio

from starlette.types import ASGIApp, Receive, Scope, Send
from tests.http.wire import Recorder

from stitch_common.process import Service, main
from stitch_common.runtime import Runtime
from stitch_common.settings import ServiceSettings


class Careful(Recorder):
    """Takes its time."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(1 if scope["path"].endswith("/slow") else 0.01)
        await super().__call__(scope, receive, send)


def create_api(_runtime: Runtime[ServiceSettings]) -> ASGIApp:
    return Careful()


SERVICE = Service("sample", ServiceSettings, Runtime.of, create_api)

if __name__ == "__main__":
    main(SERVICE)
