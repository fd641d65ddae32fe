"""A mail server on a real socket whose replies a test can script."""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from enum import Enum

from aiosmtpd.smtp import SMTP, Envelope, Session

HOST = "127.0.0.1"


class Mischief(Enum):
    """What a server may do instead of answering."""

    DROP_BEFORE_MAIL = "hang up before the mail is here"
    DROP_BEFORE_REPLY = "take the mail and hang up without a word"


@dataclass(frozen=True, slots=True)
class Arrived:
    """A mail that the server has taken."""

    recipient: str
    message: EmailMessage

    @property
    def message_id(self) -> str:
        return str(self.message["Message-ID"])


@dataclass
class Sink:
    """Takes every mail, unless `script` holds other replies to a recipient's next attempts."""

    port: int = 0
    seconds: float = 0.0
    """How long it takes to reply to a mail."""
    script: defaultdict[str, deque[str | Mischief]] = field(
        default_factory=lambda: defaultdict(deque)
    )
    refuse_recipient: dict[str, str] = field(default_factory=dict)
    arrived: list[Arrived] = field(default_factory=list)
    under_way: int = 0
    """Mails that are taken while the client still waits for the reply."""
    held: int = 0
    """Of these, how many get no reply before `go_on`."""
    unheard: int = 0
    """Mails whose client was gone before the reply."""
    connections: int = 0
    _silent_after: int | None = None
    _resumed: asyncio.Event = field(default_factory=asyncio.Event)

    def to(self, recipient: str) -> list[Arrived]:
        return [mail for mail in self.arrived if mail.recipient == recipient]

    async def handle_RCPT(  # noqa: N802 - aiosmtpd looks for this name and signature
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        if reply := self.refuse_recipient.get(address):
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd looks for this name
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        recipient = envelope.rcpt_tos[0]
        planned = self.script[recipient].popleft() if self.script[recipient] else "250 Taken"
        if _takes(planned):
            content = envelope.original_content or b""
            self.arrived.append(Arrived(recipient, message_from_bytes(content, policy=default)))
        await self._work()
        if isinstance(planned, Mischief):
            hang_up(server)
            return "421 Gone"
        return planned

    def hold(self, after: int) -> None:
        """Take mails without a reply once so many have arrived."""
        self._silent_after = after
        self._resumed.clear()

    def go_on(self) -> None:
        self._silent_after, self.held = None, 0
        self._resumed.set()

    async def _work(self) -> None:
        self.under_way += 1
        try:
            await asyncio.sleep(self.seconds)
            if self._silent_after is not None and len(self.arrived) > self._silent_after:
                self.held += 1
                await self._resumed.wait()
        except asyncio.CancelledError:  # aiosmtpd ends what it does for a client that is gone
            self.unheard += 1
            raise
        finally:
            self.under_way -= 1


def hang_up(protocol: SMTP) -> None:
    if isinstance(protocol.transport, asyncio.Transport):
        protocol.transport.abort()


def _takes(planned: str | Mischief) -> bool:
    return planned is Mischief.DROP_BEFORE_REPLY or (
        isinstance(planned, str) and planned.startswith("2")
    )


@asynccontextmanager
async def mail_server(sink: Sink) -> AsyncGenerator[Sink]:
    """Listen on the sink's port, or on a free one."""
    loop = asyncio.get_running_loop()
    protocols: list[SMTP] = []

    def connection() -> SMTP:
        sink.connections += 1
        protocols.append(SMTP(sink, hostname="sink.example", loop=loop, enable_SMTPUTF8=True))
        return protocols[-1]

    server = await loop.create_server(connection, HOST, sink.port)
    sink.port = server.sockets[0].getsockname()[1]
    try:
        yield sink
    finally:
        server.close()
        for protocol in protocols:
            hang_up(protocol)
        await server.wait_closed()
