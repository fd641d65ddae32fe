"""SMTP over a real socket: what the server says, and what that means."""

from collections.abc import AsyncGenerator
from email.message import EmailMessage

import pytest
from services.notifications.tests.smtp import HOST, Mischief, Sink, mail_server

from stitch_notifications.sending.adapters import MailServer, SMTPMailer
from stitch_notifications.sending.errors import (
    MailDeferredError,
    MailRefusedError,
    MailServerAwayError,
)

ADA = "ada@example.com"


@pytest.fixture
async def sink() -> AsyncGenerator[Sink]:
    async with mail_server(Sink()) as sink:
        yield sink


def server(port: int, timeout: float = 5.0) -> MailServer:
    return MailServer(HOST, port, "auto", None, None, "no-reply@stitch.example", timeout)


@pytest.fixture
async def mailer(sink: Sink) -> AsyncGenerator[SMTPMailer]:
    mailer = SMTPMailer(server(sink.port))
    yield mailer
    await mailer.close()


def message(to: str = ADA) -> EmailMessage:
    message = EmailMessage()
    message["To"] = to
    message["Message-ID"] = "<1@stitch.example>"
    message.set_content(".a line that begins with a dot")
    return message


async def test_an_accepted_mail_brings_the_words_of_the_server(
    sink: Sink, mailer: SMTPMailer
) -> None:
    reply = await mailer.send(message(), ADA)

    assert reply == "250 Taken"
    assert sink.arrived[0].message.get_content().strip() == ".a line that begins with a dot"


async def test_one_connection_carries_many_mails(sink: Sink, mailer: SMTPMailer) -> None:
    for _ in range(3):
        await mailer.send(message(), ADA)

    assert (len(sink.arrived), sink.connections) == (3, 1)


@pytest.mark.parametrize(
    ("reply", "error"),
    [("451 Later, please", MailDeferredError), ("554 Never", MailRefusedError)],
)
async def test_a_refusal_says_whether_another_attempt_makes_sense(
    sink: Sink, mailer: SMTPMailer, reply: str, error: type[MailDeferredError]
) -> None:
    sink.script[ADA].append(reply)

    with pytest.raises(error) as refused:
        await mailer.send(message(), ADA)

    assert refused.value.reply == reply
    assert await mailer.send(message(), ADA) == "250 Taken"
    assert sink.connections == 1


async def test_a_refused_recipient_does_not_spoil_the_connection(
    sink: Sink, mailer: SMTPMailer
) -> None:
    sink.refuse_recipient["nobody@example.com"] = "550 5.1.1 No such user"

    with pytest.raises(MailRefusedError, match=r"550 5\.1\.1 No such user"):
        await mailer.send(message(), "nobody@example.com")

    assert await mailer.send(message(), ADA) == "250 Taken"
    assert sink.connections == 1


async def test_a_server_that_wants_a_log_in_first_has_refused_us_and_not_the_mail(
    sink: Sink, mailer: SMTPMailer
) -> None:
    sink.refuse_recipient[ADA] = "530 5.7.0 Authentication required"

    with pytest.raises(MailServerAwayError, match="Authentication required"):
        await mailer.send(message(), ADA)


@pytest.mark.parametrize("mischief", list(Mischief))
async def test_a_connection_that_breaks_is_a_reason_to_try_again(
    sink: Sink, mailer: SMTPMailer, mischief: Mischief
) -> None:
    sink.script[ADA].append(mischief)

    with pytest.raises(MailDeferredError):
        await mailer.send(message(), ADA)

    assert await mailer.send(message(), ADA) == "250 Taken"


async def test_a_server_that_takes_too_long_is_left(sink: Sink) -> None:
    sink.seconds = 5
    mailer = SMTPMailer(server(sink.port, timeout=0.2))

    with pytest.raises(MailDeferredError, match="Timed out"):
        await mailer.send(message(), ADA)


async def test_a_connection_that_the_server_has_closed_is_made_again(
    sink: Sink, mailer: SMTPMailer
) -> None:
    await mailer.send(message(), ADA)
    client = mailer._client
    assert client is not None
    assert client.transport is not None
    client.transport.abort()  # type: ignore[attr-defined] # a transport of asyncio's

    assert await mailer.send(message(), ADA) == "250 Taken"


async def test_nobody_listening_is_the_fault_of_the_server_not_of_the_mail() -> None:
    async with mail_server(Sink()) as gone:
        port = gone.port

    with pytest.raises(MailServerAwayError):
        await SMTPMailer(server(port)).send(message(), ADA)


async def test_an_address_beyond_ascii_arrives(sink: Sink, mailer: SMTPMailer) -> None:
    await mailer.send(message("zoë@example.com"), "zoë@example.com")

    assert [mail.recipient for mail in sink.arrived] == ["zoë@example.com"]
