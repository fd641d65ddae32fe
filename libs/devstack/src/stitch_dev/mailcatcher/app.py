"""The catcher's web application: pages for people, Mailpit's JSON for tests, OTLP for services."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from stitch_dev.mailcatcher.mailbox import Mailbox
from stitch_dev.mailcatcher.mailpit import MailpitApi
from stitch_dev.mailcatcher.otlp import OtlpApi
from stitch_dev.mailcatcher.pages import Pages
from stitch_dev.mailcatcher.traces import Traces


def create_app(mailbox: Mailbox, traces: Traces) -> Starlette:
    return Starlette(
        routes=[
            # Mailpit's own names for the same questions.
            Route("/livez", _alive),
            Route("/readyz", _alive),
            *MailpitApi(mailbox).routes(),
            *OtlpApi(traces).routes(),
            *Pages(mailbox, traces).routes(),
        ]
    )


async def _alive(request: Request) -> Response:
    del request
    return PlainTextResponse("ok")
