"""The sender: claim, send, record, one mail at a time on each of a few connections."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from functools import partial
from typing import Protocol
from uuid import uuid4

import structlog
from opentelemetry import trace
from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from stitch_common.bus.settlement import is_infrastructure
from stitch_common.clock import Clock
from stitch_common.context import request_id
from stitch_notifications.claims.service import Claimed, ClaimService
from stitch_notifications.letters.service import LetterWriter
from stitch_notifications.rendering.service import Rendered, Wording, render
from stitch_notifications.sending.errors import (
    MailDeferredError,
    MailRefusedError,
    MailServerAwayError,
)
from stitch_notifications.templates.models import Kind

TEST_MAIL = Wording(
    "A test mail from {{ sender_name }}",
    "Hello,\n\nthis mail shows that {{ sender_name }} can send mail to {{ recipient_email }}.",
)
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0

log = structlog.get_logger(__name__)
tracer = trace.get_tracer(__name__)
_TRACE = TraceContextTextMapPropagator()


class Mailer(Protocol):
    """One connection to a mail server."""

    async def send(self, message: EmailMessage, recipient: str) -> str:
        """The server's words of acceptance; MailDeferredError or MailRefusedError."""

    async def close(self) -> None: ...


class Wake:
    """Tells the waiting senders of this process that mails may be due."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def __call__(self) -> None:
        self._event.set()

    async def wait(self, at_most: timedelta, stop: asyncio.Event) -> None:
        waits = [asyncio.create_task(event.wait()) for event in (self._event, stop)]
        await asyncio.wait(
            waits, timeout=at_most.total_seconds(), return_when=asyncio.FIRST_COMPLETED
        )
        for wait in waits:
            wait.cancel()
        self._event.clear()


@dataclass(frozen=True, slots=True)
class Pace:
    """How many connections, how much each takes at once, and when nobody wakes them."""

    connections: int
    claim_size: int
    renew_every: timedelta
    poll: timedelta


class Sender:
    """A component: a few connections, each of which claims, sends and records on its own.

    Killed at any moment, it leaves at most one mail a connection of which nobody knows whether
    the server has taken it; only those can be repeated, with the same Message-ID.
    """

    name = "sender"

    def __init__(
        self,
        claims: ClaimService,
        writer: LetterWriter,
        clock: Clock,
        *,
        connect: Callable[[], Mailer],
        pace: Pace,
        wake: Wake,
    ) -> None:
        self._claims = claims
        self._writer = writer
        self._clock = clock
        self._connect = connect
        self._pace = pace
        self._wake = wake
        self._renewed_until = clock()

    async def ready(self) -> str | None:
        """Mails wait in the database; a mail server that is away keeps nobody from working."""
        return None

    async def run(self, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as tasks:
            keeper = tasks.create_task(self._keep_claims())
            workers = [tasks.create_task(self._work(stop)) for _ in range(self._pace.connections)]
            await asyncio.wait(workers)
            keeper.cancel()

    async def _keep_claims(self) -> None:
        while True:
            await asyncio.sleep(self._pace.renew_every.total_seconds())
            try:
                self._renewed_until = await self._claims.renew()
            except Exception:  # the lease ends, and nothing more is sent under it
                log.exception("claims_not_renewed")

    async def _work(self, stop: asyncio.Event) -> None:
        mailer = self._connect()
        carrier = Carrier(self._claims, self._writer, mailer)
        pause = FIRST_PAUSE
        while not stop.is_set():
            try:
                found = await self._round(carrier, stop)
            except Exception as error:  # noqa: BLE001 - it outlives its mail server and database
                log.warning("sender_pauses", error=repr(error), seconds=pause)
                await _sleep(pause, stop)
                pause = min(2 * pause, LONGEST_PAUSE)
                continue
            pause = FIRST_PAUSE
            if not found:
                await self._wake.wait(self._pace.poll, stop)
        await mailer.close()

    async def _round(self, carrier: "Carrier", stop: asyncio.Event) -> bool:
        """Deal with a handful of due mails; tells whether there were any."""
        mails = await self._claims.claim(self._pace.claim_size)
        waiting = deque(mails)
        try:
            while waiting and not stop.is_set() and self._holds(waiting[0]):
                await carrier.deal_with(waiting.popleft())
        finally:
            if waiting:
                await self._claims.give_back(waiting)
        return bool(mails)

    def _holds(self, mail: Claimed) -> bool:
        return self._clock() < max(mail.held_until, self._renewed_until)


class Carrier:
    """Deals with claimed mails over one connection, one after the other."""

    def __init__(self, claims: ClaimService, writer: LetterWriter, mailer: Mailer) -> None:
        self._claims = claims
        self._writer = writer
        self._mailer = mailer

    async def deal_with(self, mail: Claimed) -> None:
        """Send it or not, and record what came of it; MailServerAwayError."""
        with _in_its_trace(mail):
            if mail.drop:
                await _insist(partial(self._claims.record_dropped, mail, *mail.drop))
                return
            try:
                message = self._writer.write(mail.letter)
            except Exception as error:  # one letter that can't be written stops no other
                log.exception("letter_not_written", delivery_id=mail.delivery.id)
                note = f"It could not be written: {error}"[:500]
                await _insist(partial(self._claims.record_failed, mail, None, note=note))
                return
            await self._send(mail, message)

    async def _send(self, mail: Claimed, message: EmailMessage) -> None:
        try:
            reply = await self._mailer.send(message, mail.delivery.recipient_email)
        except MailRefusedError as error:
            await _insist(partial(self._claims.record_failed, mail, error.reply))
        except MailDeferredError as error:
            await _insist(partial(self._claims.record_deferred, mail, error.reply))
            if isinstance(error, MailServerAwayError):
                raise
        except Exception as error:  # a fault of ours must not keep the mail in our hands for good
            log.exception("mail_not_handed_in", delivery_id=mail.delivery.id)
            await self._mailer.close()
            note = f"It could not be handed in: {error}"[:500]
            await _insist(partial(self._claims.record_deferred, mail, note))
        else:
            await _insist(partial(self._claims.record_sent, mail, message["Subject"], reply))


@dataclass(frozen=True, slots=True)
class Tried:
    """A mail that the server has taken while somebody waited."""

    message_id: str
    reply: str


class TestMailService:
    """Mails that are sent at once, over a connection of their own, and are not recorded."""

    __test__ = False  # pytest collects by name

    def __init__(self, writer: LetterWriter, connect: Callable[[], Mailer]) -> None:
        self._writer = writer
        self._connect = connect

    async def try_out(self, recipient: str) -> Tried:
        """Raise MailRefusedError or MailDeferredError with the server's words."""
        values = {**self._writer.imprint, "recipient_email": recipient}
        return await self.send(render(Kind.VERIFICATION, values, TEST_MAIL), recipient)

    async def send(self, content: Rendered, recipient: str) -> Tried:
        """Raise MailRefusedError or MailDeferredError with the server's words."""
        message = self._writer.compose(content, recipient, uuid4())
        mailer = self._connect()
        try:
            return Tried(message["Message-ID"], await mailer.send(message, recipient))
        finally:
            await mailer.close()


@contextmanager
def _in_its_trace(mail: Claimed) -> Generator[None]:
    """Continue the trace of the fact that called for this mail; no address goes into a span."""
    delivery = mail.delivery
    headers = {"traceparent": delivery.traceparent} if delivery.traceparent else {}
    token = request_id.set(delivery.request_id)
    attributes: dict[str, str | int] = {
        "stitch.mail.kind": delivery.kind,
        "stitch.mail.delivery_id": delivery.id,
        "stitch.mail.attempt": delivery.attempts,
    }
    try:
        with tracer.start_as_current_span(
            "send mail",
            context=_TRACE.extract(headers),
            kind=SpanKind.CLIENT,
            attributes=attributes,
        ):
            yield
    finally:
        request_id.reset(token)


async def _insist(record: Callable[[], Awaitable[None]]) -> None:
    """What the mail server has said is recorded, however long the database is away.

    Giving up here would send an accepted mail again.
    """
    pause = FIRST_PAUSE
    while True:
        try:
            await record()
        except Exception as error:
            if not is_infrastructure(error):
                raise
            log.warning("outcome_not_recorded_yet", error=repr(error))
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
        else:
            return


async def _sleep(seconds: float, stop: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
