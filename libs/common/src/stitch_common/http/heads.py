"""`HEAD`: whatever can be read with GET can be asked for its head alone (RFC 9110 §9.3.2)."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadIsGet:
    """FastAPI's routes answer only the methods that they name, and HEAD with 405."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        read = {**scope, "method": "GET"}
        await self._app(read, receive, send_without_body)
        # So that those around see which route it was.
        scope["route"] = read.get("route")
