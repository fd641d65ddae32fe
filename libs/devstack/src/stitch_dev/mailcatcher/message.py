"""What a delivered message says, read from its bytes; nothing a sender writes may fail here."""

import email
import email.policy
import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from functools import cached_property

_SNIPPET = 250


@dataclass(frozen=True)
class Address:
    name: str
    address: str


@dataclass(frozen=True)
class Attachment:
    part_id: str
    file_name: str
    content_type: str
    content_id: str
    content: bytes
    is_inline: bool


class ReceivedMessage:
    def __init__(self, raw: bytes) -> None:
        self._message = email.message_from_bytes(raw, policy=email.policy.default)

    def header(self, name: str) -> str:
        """Give the decoded header, or what was written where it can't be decoded."""
        try:
            return str(self._message.get(name, "")).strip()
        except (ValueError, LookupError, AttributeError, TypeError):
            return self._written(name)

    def _written(self, name: str) -> str:
        return next(iter(self._all_written(name)), "")

    def _all_written(self, name: str) -> list[str]:
        pairs = self._message.raw_items()
        return [str(value) for key, value in pairs if key.lower() == name.lower()]

    def headers(self) -> list[tuple[str, str]]:
        return [(name, str(value).strip()) for name, value in self._message.raw_items()]

    def addresses(self, name: str) -> list[Address]:
        """Take them apart before their names are decoded, in which a comma is only a comma."""
        pairs = getaddresses([_readable(written) for written in self._all_written(name)])
        return [Address(_plain(person), address) for person, address in pairs if address]

    @property
    def message_id(self) -> str:
        return self.header("Message-ID").strip("<>")

    @property
    def date(self) -> datetime | None:
        try:
            found = parsedate_to_datetime(self.header("Date"))
        except ValueError:
            return None
        return found if found.tzinfo else found.replace(tzinfo=UTC)

    @cached_property
    def text(self) -> str:
        return self._body("text/plain")

    @cached_property
    def html(self) -> str:
        return self._body("text/html")

    @property
    def snippet(self) -> str:
        return " ".join(self.text.split())[:_SNIPPET]

    @cached_property
    def attachments(self) -> list[Attachment]:
        return list(self._attachments())

    def _body(self, content_type: str) -> str:
        parts = (p for p in self._message.walk() if p.get_content_type() == content_type)
        return next((_decoded(part) for part in parts if not _is_file(part)), "")

    def _attachments(self) -> Iterator[Attachment]:
        for number, part in enumerate(self._message.walk(), start=1):
            if part.is_multipart() or not (_is_file(part) or part.get("Content-ID")):
                continue
            yield Attachment(
                part_id=str(number),
                file_name=part.get_filename() or _invented_name(number, part),
                content_type=part.get_content_type(),
                content_id=str(part.get("Content-ID", "")).strip("<> "),
                content=_bytes(part),
                is_inline=not _is_file(part),
            )


def _readable(written: str) -> str:
    """UTF-8 in a header (RFC 6532) comes as surrogates."""
    return written.encode("utf-8", "surrogateescape").decode(errors="replace")


def _plain(name: str) -> str:
    """Decode a name by the legacy reader: the new one puts blanks where a long name was folded."""
    try:
        return str(make_header(decode_header(name)))
    except (MessageError, ValueError, LookupError):
        return name


def _is_file(part: Message) -> bool:
    disposition = part.get_content_disposition()
    return disposition == "attachment" or bool(part.get_filename() and disposition != "inline")


def _invented_name(number: int, part: Message) -> str:
    return f"part-{number}{mimetypes.guess_extension(part.get_content_type()) or '.bin'}"


def _bytes(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _decoded(part: Message) -> str:
    try:
        return _bytes(part).decode(part.get_content_charset("utf-8"), errors="replace")
    except (LookupError, UnicodeError):
        return _bytes(part).decode(errors="replace")
