"""A catcher in this process: real SMTP in, its web application out."""

import asyncio
import smtplib
from collections.abc import AsyncIterator, Awaitable, Callable
from email.message import EmailMessage

import httpx
import pytest

from stitch_common.clock import utc_now
from stitch_dev.mailcatcher.app import create_app
from stitch_dev.mailcatcher.mailbox import Mailbox
from stitch_dev.mailcatcher.smtp import listen
from stitch_dev.mailcatcher.traces import Traces
from stitch_dev.ports import HOST

Send = Callable[..., Awaitable[None]]
Write = Callable[..., EmailMessage]


def _written(
    *, to: str = "ann@example.com", subject: str = "Hello", message_id: str = ""
) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Tina Organiser <tina@example.org>"
    message["To"] = to
    message["Subject"] = subject
    if message_id:
        message["Message-ID"] = message_id
    message.set_content("Please come: http://localhost:8000/r/abc")
    message.add_alternative("<p>Please <b>come</b></p>", subtype="html")
    return message


@pytest.fixture
def write() -> Write:
    return _written


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox(utc_now)


@pytest.fixture
def traces() -> Traces:
    return Traces()


@pytest.fixture
async def client(mailbox: Mailbox, traces: Traces) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(mailbox, traces))
    async with httpx.AsyncClient(transport=transport, base_url="http://mail") as client:
        yield client


@pytest.fixture
async def send(mailbox: Mailbox) -> AsyncIterator[Send]:
    server = await listen(mailbox, HOST, 0)
    port: int = server.sockets[0].getsockname()[1]

    def over_smtp(message: EmailMessage, recipients: list[str] | None) -> None:
        with smtplib.SMTP(HOST, port) as connection:
            connection.send_message(message, to_addrs=recipients)

    async def send(
        message: EmailMessage | None = None,
        *,
        recipients: list[str] | None = None,
        **fields: str,
    ) -> None:
        await asyncio.to_thread(over_smtp, message or _written(**fields), recipients)

    yield send
    server.close()
