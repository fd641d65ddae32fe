"""The mailbox: everything arrives, once, and memory stays bounded."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from stitch_common.clock import utc_now
from stitch_dev.mailcatcher.mailbox import Envelope, Mailbox
from stitch_dev.mailcatcher.search import search


def envelope(
    *, message_id: str = "", to: str = "ann@example.com", subject: str = "Hello", body: str = "x"
) -> Envelope:
    head = f"Message-ID: {message_id}\r\n" if message_id else ""
    text = f"{head}From: Tina <tina@example.org>\r\nTo: {to}\r\nSubject: {subject}\r\n\r\n{body}"
    return Envelope(sender="tina@example.org", recipients=(to,), content=text.encode())


def test_the_newest_mail_is_first(mailbox: Mailbox) -> None:
    mailbox.deliver(envelope(subject="one"))
    mailbox.deliver(envelope(subject="two"))

    assert [mail.subject for mail in mailbox.newest()] == ["two", "one"]


def test_the_same_mail_to_the_same_person_is_counted_and_not_shown_twice(mailbox: Mailbox) -> None:
    for _ in range(3):
        mailbox.deliver(envelope(message_id="<1@x>"))

    assert [mail.deliveries for mail in mailbox.newest()] == [3]


def test_the_same_message_id_to_another_person_is_another_mail(mailbox: Mailbox) -> None:
    mailbox.deliver(envelope(message_id="<1@x>"))
    mailbox.deliver(envelope(message_id="<1@x>", to="bob@example.com"))

    assert len(mailbox) == 2


def test_mails_without_message_id_are_all_shown(mailbox: Mailbox) -> None:
    mailbox.deliver(envelope())
    mailbox.deliver(envelope())

    assert len(mailbox) == 2


@pytest.mark.parametrize("name", ["Ada", "日本" * 20, "Müller, Jürgen", 'He said "hi", and left'])
def test_names_are_shown_as_they_were_written(mailbox: Mailbox, name: str) -> None:
    message = EmailMessage(policy=SMTP)
    message["To"] = Address(name, "ann", "example.com")

    mail = mailbox.deliver(Envelope("tina@example.org", ("ann@example.com",), bytes(message)))

    assert [(person.name, person.address) for person in mail.to] == [(name, "ann@example.com")]


def test_a_name_may_come_as_it_is(mailbox: Mailbox) -> None:
    mail = mailbox.deliver(envelope(to="Zoë <zoë@example.com>"))

    assert [(person.name, person.address) for person in mail.to] == [("Zoë", "zoë@example.com")]


@pytest.mark.parametrize("word", ["=?utf-8?b?2YXYrd\x01I?=", "=?u\xdcf-8?q?a?=", "=?x?q?a?="])
def test_a_name_that_can_not_be_decoded_is_shown_as_it_came(mailbox: Mailbox, word: str) -> None:
    mail = mailbox.deliver(envelope(to=f"{word} <ann@example.com>"))

    assert [person.address for person in mail.to] == ["ann@example.com"]


def test_a_mail_in_a_charset_that_is_none_is_shown_all_the_same(mailbox: Mailbox) -> None:
    content = b"Content-Type: text/plain; charset=idna\r\n\r\nHello \xff"

    assert mailbox.deliver(Envelope("", ("ann@example.com",), content)).snippet == "Hello \ufffd"


def test_the_oldest_go_when_there_are_too_many() -> None:
    mailbox = Mailbox(utc_now, most_mails=2)
    for number in range(4):
        mailbox.deliver(envelope(subject=str(number)))

    assert [mail.subject for mail in mailbox.newest()] == ["3", "2"]


def test_the_oldest_go_when_they_are_too_large() -> None:
    mailbox = Mailbox(utc_now, most_bytes=2_500)
    for number in range(4):
        mailbox.deliver(envelope(subject=str(number), body="x" * 1_000))

    assert [mail.subject for mail in mailbox.newest()] == ["3", "2"]


def test_a_deleted_mail_may_arrive_again(mailbox: Mailbox) -> None:
    mailbox.deliver(envelope(message_id="<1@x>"))
    mailbox.delete()
    mailbox.deliver(envelope(message_id="<1@x>"))

    assert [mail.deliveries for mail in mailbox.newest()] == [1]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"From: \r\nTo: <<>>\r\nSubject: =?utf-8?q?=ff?=\r\nDate: soon\r\n\r\n",
        b"Content-Type: text/plain; charset=klingon\r\n\r\n\xe4",
        b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        b"Message-ID: <[>\r\nTo: a@b@c, group:;\r\n\r\n",
    ],
)
def test_whatever_a_sender_writes_arrives(mailbox: Mailbox, content: bytes) -> None:
    mail = mailbox.deliver(Envelope(sender="", recipients=("ann@example.com",), content=content))

    assert mail.bcc or mail.to
    assert isinstance(mail.read().text, str)


@pytest.mark.parametrize(
    ("query", "subjects"),
    [
        ("to:ann@example.com", ["for Ann"]),
        ("TO:ANN", ["for Ann"]),
        ("-to:ann", ["for Bob"]),
        ("from:tina subject:bob", ["for Bob"]),
        ('subject:"for ann"', ["for Ann"]),
        ("secret", ["for Bob"]),
        ("it's", ["for Ann"]),
        ('"open', []),
        ("nothing", []),
    ],
)
def test_a_search_finds(mailbox: Mailbox, query: str, subjects: list[str]) -> None:
    mailbox.deliver(envelope(subject="for Ann", body="it's today"))
    mailbox.deliver(envelope(subject="for Bob", to="bob@example.com", body="a secret"))

    assert [mail.subject for mail in search(mailbox.newest(), query)] == subjects
