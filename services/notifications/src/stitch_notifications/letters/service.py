"""Letters: what a delivery says to its recipient, as a MIME message.

Links are made here, from configuration and ids, and are stored nowhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Any, Self
from uuid import UUID

from stitch_common.clock import Clock
from stitch_common.contracts.events import EventState, RSVPState
from stitch_common.database import Database
from stitch_common.security.links import LinkSigner
from stitch_notifications.audience.service import Audience
from stitch_notifications.letters import rules
from stitch_notifications.letters.errors import GuestNotFoundError, UnwritableLetterError
from stitch_notifications.rendering.service import Rendered, Wording, render, sample_values
from stitch_notifications.settings import NotificationsSettings
from stitch_notifications.templates.models import Kind
from stitch_notifications.templates.service import Shelf, wording_of

__all__ = ["GuestNotFoundError", "Letter", "LetterWriter", "PreviewService"]

UNSUBSCRIBE_FOR = timedelta(days=730)
_ABOUT_ACCOUNTS = frozenset(
    {
        Kind.VERIFICATION,
        Kind.REGISTRATION_REPEATED,
        Kind.RESET,
        Kind.EMAIL_CHANGED,
        Kind.SECURITY_NOTICE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """Everything that a letter is written from."""

    kind: Kind
    delivery_id: int
    message_id: UUID
    recipient_email: str
    recipient_name: str
    rsvp_id: int | None
    details: Mapping[str, Any]
    event: EventState | None = None
    guest: RSVPState | None = None
    wording: Wording | None = None

    def known_event(self) -> EventState:
        if self.event is None:
            raise UnwritableLetterError("The event of this mail is not known here.")
        return self.event

    def known_guest(self) -> RSVPState:
        if self.guest is None:
            raise UnwritableLetterError("The guest of this mail is not known here.")
        return self.guest

    def answer(self) -> RSVPState:
        """The answer that the mail is about; a later one has a mail of its own."""
        told = self.details.get("rsvp")
        return RSVPState.model_validate(told) if told else self.known_guest()


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom mails come from."""

    name: str
    address: str

    @classmethod
    def of(cls, mail_from: str) -> Self:
        name, address = parseaddr(mail_from)
        return cls(name or address.partition("@")[2], address)

    @property
    def domain(self) -> str:
        return self.address.partition("@")[2]


class LetterWriter:
    """Writes letters; needs no database and no network."""

    def __init__(self, settings: NotificationsSettings, links: LinkSigner, clock: Clock) -> None:
        self._public_url = settings.public_url.rstrip("/")
        self._account_pages_url = (settings.account_pages_url or settings.public_url).rstrip("/")
        self._sender = Sender.of(settings.mail_from)
        self._links = links
        self._clock = clock

    def write(self, letter: Letter) -> EmailMessage:
        """The message to send; the same letter always has the same Message-ID."""
        values = self.values(letter)
        content = render(letter.kind, values, letter.wording)
        message = self.compose(
            content, letter.recipient_email, letter.message_id, name=letter.recipient_name
        )
        if unsubscribe := values.get("unsubscribe_link"):
            # RFC 8058: a mail program unsubscribes with one click, by a POST.
            message["List-Unsubscribe"] = f"<{unsubscribe}>"
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        if entry := self._calendar_entry(letter):
            method, text = entry
            message.add_attachment(
                text, subtype="calendar", params={"method": method}, filename="event.ics"
            )
        return message

    @property
    def imprint(self) -> dict[str, str]:
        """Who writes, for every mail."""
        return {"sender_name": self._sender.name, "site_link": self._public_url}

    def values(self, letter: Letter) -> dict[str, Any]:
        """What the placeholders of a template stand for."""
        name = rules.presentable(letter.recipient_name)
        usual = {
            "greeting": rules.greeting(name),
            "recipient_name": name,
            "recipient_email": letter.recipient_email,
            **self.imprint,
        }
        if letter.kind in _ABOUT_ACCOUNTS:
            return usual | self._account_values(letter)
        return usual | self._guest_values(letter) | self._special_values(letter)

    def _guest_values(self, letter: Letter) -> dict[str, Any]:
        return {
            **rules.event_values(letter.known_event(), self._public_url),
            **rules.guest_values(letter.answer()),
            "rsvp_link": self._rsvp_link(letter),
        }

    def _special_values(self, letter: Letter) -> dict[str, Any]:
        event = letter.known_event()
        match letter.kind:
            case Kind.UPDATE:
                return rules.change_values(event, letter.details)
            case Kind.REMINDER:
                days_left = rules.days_left(event, self._clock())
                return {"unsubscribe_link": self._unsubscribe_link(letter), "days_left": days_left}
            case Kind.INVITATION:
                return {"unsubscribe_link": self._unsubscribe_link(letter)}
            case _:
                return {}

    def _account_values(self, letter: Letter) -> dict[str, Any]:
        match letter.kind:
            case Kind.VERIFICATION:
                return self._link_once(letter, "verify-email", "verification_id", "verify_link")
            case Kind.RESET:
                link = self._link_once(letter, "reset-password", "reset_id", "reset_link")
                return {**link, "is_invitation": letter.details.get("is_invitation", False)}
            case Kind.EMAIL_CHANGED:
                return {"new_email": letter.details["email"], **self._objection(letter)}
            case Kind.SECURITY_NOTICE:
                return {**rules.what_happened(letter.details), **self._objection(letter)}
            case _:
                return self._objection(letter)

    def _objection(self, letter: Letter) -> dict[str, Any]:
        """The link for who was not it; older facts have none."""
        if "notice_id" not in letter.details:
            return {"not_me_link": "", "link_expires": ""}
        return self._link_once(letter, "not-me", "notice_id", "not_me_link")

    def _link_once(self, letter: Letter, purpose: str, of: str, placeholder: str) -> dict[str, Any]:
        """The link of an account, whose purpose is also its path, and until when it works."""
        expires_at = datetime.fromisoformat(letter.details["expires_at"])
        token = self._links.sign(purpose, letter.details[of], version=1, expires_at=expires_at)
        return {
            placeholder: f"{self._account_pages_url}/{purpose}/{token}",
            "link_expires": rules.in_utc(expires_at),
        }

    def _rsvp_link(self, letter: Letter) -> str:
        guest = letter.known_guest()
        if letter.rsvp_id is None:
            raise UnwritableLetterError
        expires_at = rules.link_expires_at(letter.known_event(), guest)
        token = self._links.sign(
            "rsvp", letter.rsvp_id, version=guest.link_version, expires_at=expires_at
        )
        return f"{self._public_url}/rsvp/{token}"

    def _unsubscribe_link(self, letter: Letter) -> str:
        expires_at = self._clock() + UNSUBSCRIBE_FOR
        token = self._links.sign(
            "unsubscribe", letter.delivery_id, version=1, expires_at=expires_at
        )
        return f"{self._public_url}/api/notifications/unsubscribe/{token}"

    def compose(
        self, content: Rendered, recipient: str, message_id: UUID, *, name: str = ""
    ) -> EmailMessage:
        """A message with text and HTML, from us to this recipient."""
        message = EmailMessage(policy=rules.mail_policy(recipient))
        message["From"] = Address(self._sender.name, addr_spec=self._sender.address)
        local, _, domain = recipient.rpartition("@")
        # In parts: Python takes a whole address apart by RFC 5322, which knows only ASCII.
        message["To"] = Address(rules.presentable(name), username=local, domain=domain)
        message["Subject"] = content.subject
        message["Date"] = format_datetime(self._clock())
        message["Message-ID"] = f"<{message_id}@{self._sender.domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(content.text)
        message.add_alternative(content.html, subtype="html")
        return message

    def _calendar_entry(self, letter: Letter) -> tuple[str, str] | None:
        if letter.kind in _ABOUT_ACCOUNTS:
            return None
        method = rules.calendar_method(letter.kind, letter.answer().status)
        if method is None:
            return None
        event = letter.known_event()
        return method, rules.calendar_entry(
            event,
            method=method,
            organizer=(self._sender.name, self._sender.address),
            attendee=letter.recipient_email,
            url=f"{self._public_url}/e/{event.slug}",
            now=self._clock(),
        )


class PreviewService:
    """Templates filled in for somebody, without a mail."""

    def __init__(self, database: Database, settings: NotificationsSettings) -> None:
        self._database = database
        self._public_url = settings.public_url.rstrip("/")
        self._sender = Sender.of(settings.mail_from)

    async def preview(self, template_id: int, rsvp_id: int | None) -> Rendered:
        """Raise TemplateNotFoundError or GuestNotFoundError."""
        async with self._database.transaction() as session:
            template = await Shelf(session).get(template_id)
            values = await self._guest(Audience(session), rsvp_id) if rsvp_id else {}
        kind = Kind(template.kind)
        imprint = {"sender_name": self._sender.name, "site_link": self._public_url}
        usual = sample_values(kind) | imprint
        return render(kind, usual | values, wording_of(template))

    async def _guest(self, audience: Audience, rsvp_id: int) -> dict[str, Any]:
        guest = (await audience.find_guests([rsvp_id])).get(rsvp_id)
        if guest is None:
            raise GuestNotFoundError
        event = await audience.get_event(guest.event_id)
        name = rules.presentable(guest.name)
        return {
            "greeting": rules.greeting(name),
            "recipient_name": name,
            "recipient_email": guest.email,
            **rules.event_values(event.read(), self._public_url),
            **rules.guest_values(guest.read()),
        }
