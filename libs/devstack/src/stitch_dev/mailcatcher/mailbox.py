"""The newest mails, in memory, each once however often it was delivered."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from stitch_common.clock import Clock
from stitch_dev.mailcatcher.message import Address, ReceivedMessage

_MOST_MAILS = 5_000
_MOST_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True)
class Envelope:
    sender: str
    recipients: tuple[str, ...]
    content: bytes


@dataclass
class Mail:
    id: str
    envelope: Envelope
    created_at: datetime
    message_id: str
    subject: str
    sender: Address | None
    to: list[Address]
    cc: list[Address]
    reply_to: list[Address]
    snippet: str
    attachments: int
    deliveries: int = 1

    @property
    def size(self) -> int:
        return len(self.envelope.content)

    @property
    def bcc(self) -> list[Address]:
        """Who got it although no header says so."""
        named = {person.address.lower() for person in (*self.to, *self.cc)}
        return [Address("", r) for r in self.envelope.recipients if r.lower() not in named]

    def read(self) -> ReceivedMessage:
        return ReceivedMessage(self.envelope.content)


_Key = tuple[str, tuple[str, ...]]


class Mailbox:
    def __init__(
        self, clock: Clock, *, most_mails: int = _MOST_MAILS, most_bytes: int = _MOST_BYTES
    ) -> None:
        self._clock = clock
        self._most_mails = most_mails
        self._most_bytes = most_bytes
        self._mails: dict[str, Mail] = {}
        self._ids: dict[_Key, str] = {}
        self._bytes = 0
        self.revision = 0
        """Grows with every change, so that a page knows when to look again."""

    def __len__(self) -> int:
        return len(self._mails)

    def deliver(self, envelope: Envelope) -> Mail:
        """Keep it; the same Message-ID for the same recipients is the same mail once more."""
        self.revision += 1
        mail = self._mail(envelope)
        known = self._mails.get(self._ids.get(_key(mail), ""))
        if known and mail.message_id:
            known.deliveries += 1
            return known
        self._keep(mail)
        return mail

    def newest(self) -> Sequence[Mail]:
        return list(reversed(self._mails.values()))

    def find(self, mail_id: str) -> Mail | None:
        if mail_id == "latest":
            return next(reversed(self._mails.values()), None)
        return self._mails.get(mail_id)

    def delete(self, mail_ids: Collection[str] | None = None) -> None:
        """Without ids, everything."""
        self.revision += 1
        for mail_id in list(self._mails) if mail_ids is None else mail_ids:
            self._forget(mail_id)

    def _mail(self, envelope: Envelope) -> Mail:
        message = ReceivedMessage(envelope.content)
        return Mail(
            id=uuid4().hex[:22],
            envelope=envelope,
            created_at=self._clock(),
            message_id=message.message_id,
            subject=message.header("Subject"),
            sender=next(iter(message.addresses("From")), None),
            to=message.addresses("To"),
            cc=message.addresses("Cc"),
            reply_to=message.addresses("Reply-To"),
            snippet=message.snippet,
            attachments=len(message.attachments),
        )

    def _keep(self, mail: Mail) -> None:
        self._mails[mail.id] = mail
        self._ids[_key(mail)] = mail.id
        self._bytes += mail.size
        while len(self._mails) > self._most_mails or self._bytes > self._most_bytes:
            self._forget(next(iter(self._mails)))

    def _forget(self, mail_id: str) -> None:
        mail = self._mails.pop(mail_id, None)
        if mail:
            self._bytes -= mail.size
            self._ids.pop(_key(mail), None)


def _key(mail: Mail) -> _Key:
    return mail.message_id, tuple(sorted(r.lower() for r in mail.envelope.recipients))
