"""Letters as they leave: links, alternatives, headers, calendar entries."""

import re
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

import pytest
from services.notifications.tests.factories import event_state, noted_before, rsvp_state

from stitch_common.contracts.events import EventState
from stitch_common.security.links import InvalidLinkError, LinkSigner
from stitch_common.testing.clock import NOW, SettableClock
from stitch_notifications.letters.service import Letter, LetterWriter
from stitch_notifications.rendering.service import Wording
from stitch_notifications.settings import NotificationsSettings
from stitch_notifications.templates.models import Kind

MESSAGE_ID = UUID("0193a0a0-0000-7000-8000-000000000000")
DETAILS: dict[Kind, dict[str, Any]] = {
    Kind.UPDATE: {
        "start_date": "2026-06-18T17:00:00+00:00",
        "end_date": "2026-06-18T20:30:00+00:00",
        "location": "Gewandhaus",
    },
    Kind.VERIFICATION: {"verification_id": 9, "expires_at": "2026-03-03T12:00:00+00:00"},
    Kind.RESET: {"reset_id": 9, "expires_at": "2026-03-03T12:00:00+00:00"},
    Kind.REGISTRATION_REPEATED: {"notice_id": 9, "expires_at": "2026-03-03T12:00:00+00:00"},
    Kind.EMAIL_CHANGED: {
        "email": "countess@example.org",
        "notice_id": 9,
        "expires_at": "2026-03-03T12:00:00+00:00",
    },
    Kind.SECURITY_NOTICE: {
        "about": "new-device",
        "at": "2026-03-02T12:00:00+00:00",
        "ip": "203.0.113.7",
        "device": "Firefox on Linux",
        "notice_id": 9,
        "expires_at": "2026-03-03T12:00:00+00:00",
    },
}
ABOUT_ACCOUNTS = {
    Kind.VERIFICATION,
    Kind.REGISTRATION_REPEATED,
    Kind.RESET,
    Kind.EMAIL_CHANGED,
    Kind.SECURITY_NOTICE,
}


@pytest.fixture
def links(settings: NotificationsSettings, clock: SettableClock) -> LinkSigner:
    return LinkSigner(settings.link_keys, clock)


@pytest.fixture
def writer(
    settings: NotificationsSettings, links: LinkSigner, clock: SettableClock
) -> LetterWriter:
    return LetterWriter(settings, links, clock)


def letter(kind: Kind, *, answer: str = "accepted", **changes: Any) -> Letter:
    about_event = {"event": event_state(), "guest": rsvp_state(status=answer), "rsvp_id": 3}
    usual: dict[str, Any] = {
        "kind": kind,
        "delivery_id": 8,
        "message_id": MESSAGE_ID,
        "recipient_email": "ada@example.com",
        "recipient_name": "Ada",
        "rsvp_id": None,
        "details": DETAILS.get(kind, {}),
        **({} if kind in ABOUT_ACCOUNTS else about_event),
    }
    return Letter(**{**usual, **changes})


def part(message: EmailMessage, kind: str) -> str:
    found = message.get_body((kind,))
    assert found is not None
    return str(found.get_content())


class Links(HTMLParser):
    """Collects what a page links to and what it would load."""

    def __init__(self) -> None:
        super().__init__()
        self.followed: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "a":
            self.followed.append(found["href"] or "")
        self.loaded += [value or "" for name, value in attrs if name in {"src", "background"}]
        if tag == "link":
            self.loaded.append(found.get("href") or "")


def links_in(html: str) -> Links:
    parser = Links()
    parser.feed(html)
    return parser


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_is_complete_in_text_and_html(writer: LetterWriter, kind: Kind) -> None:
    message = writer.write(letter(kind))

    text, html = part(message, "plain"), part(message, "html")
    for content in (text, html, message["Subject"]):
        assert "{{" not in content
        assert "{%" not in content
    assert "Hello Ada," in text
    assert "Hello Ada," in html
    assert (kind in ABOUT_ACCOUNTS) or "Summer concert" in text
    assert links_in(html).loaded == []
    assert message["Message-ID"] == f"<{MESSAGE_ID}@stitch.example>"


@pytest.mark.parametrize("kind", list(Kind))
def test_links_lead_to_the_configured_place_and_can_be_read(
    writer: LetterWriter, kind: Kind
) -> None:
    message = writer.write(letter(kind))

    followed = links_in(part(message, "html")).followed
    assert all(link.startswith("https://stitch.example") for link in followed)
    for link in set(followed) - {"https://stitch.example"}:
        assert link in part(message, "plain"), "a link that only HTML readers get"


def test_a_guest_gets_a_link_that_is_theirs_alone(writer: LetterWriter, links: LinkSigner) -> None:
    guest = rsvp_state(link_version=4)

    text = part(writer.write(letter(Kind.INVITATION, guest=guest)), "plain")

    token = text.split("https://stitch.example/rsvp/")[1].split()[0]
    found = links.verify(token, "rsvp")
    assert (found.id, found.version) == (3, 4)
    assert found.expires_at == guest.link_expires_at
    with pytest.raises(InvalidLinkError):
        links.verify(token, "verify-email")


def test_whom_the_host_turns_down_is_told_so(writer: LetterWriter) -> None:
    guest = rsvp_state(status="declined", is_rejected=True)

    message = writer.write(letter(Kind.CONFIRMATION, guest=guest))

    assert message["Subject"] == "No place could be offered: Summer concert"
    for content in (part(message, "plain"), part(message, "html")):
        assert "offer you a place" in content
        assert "telling us" not in content


@pytest.mark.parametrize(
    ("needs_confirmation", "subject"),
    [
        (True, "Confirm your registration: Summer concert"),
        (False, "Your link: Summer concert"),
    ],
)
def test_only_a_stranger_is_asked_to_confirm(
    writer: LetterWriter, *, needs_confirmation: bool, subject: str
) -> None:
    guest = rsvp_state(needs_confirmation=needs_confirmation)

    message = writer.write(letter(Kind.GUEST_LINK, guest=guest))

    assert message["Subject"] == subject
    for content in (part(message, "plain"), part(message, "html")):
        assert ("no seat is taken" in content) is needs_confirmation


def test_the_link_of_a_guest_works_as_long_as_that_of_an_event_that_was_postponed(
    writer: LetterWriter, links: LinkSigner
) -> None:
    answered_for = rsvp_state(link_expires_at=NOW + timedelta(days=90))
    postponed = event_state(links_expire_at=NOW + timedelta(days=500))

    text = part(writer.write(letter(Kind.UPDATE, guest=answered_for, event=postponed)), "plain")

    token = text.split("https://stitch.example/rsvp/")[1].split()[0]
    assert links.verify(token, "rsvp").expires_at == postponed.links_expire_at


@pytest.mark.parametrize(
    ("kind", "purpose"),
    [
        (Kind.VERIFICATION, "verify-email"),
        (Kind.RESET, "reset-password"),
        (Kind.EMAIL_CHANGED, "not-me"),
        (Kind.REGISTRATION_REPEATED, "not-me"),
        (Kind.SECURITY_NOTICE, "not-me"),
    ],
)
def test_the_link_of_an_account_is_made_of_the_ids_of_the_fact(
    writer: LetterWriter, links: LinkSigner, kind: Kind, purpose: str
) -> None:
    text = part(writer.write(letter(kind)), "plain")

    token = text.split(f"https://stitch.example/{purpose}/")[1].split()[0]
    found = links.verify(token, purpose)
    assert (found.id, found.version) == (9, 1)


def test_a_frontend_can_take_over_the_pages_of_accounts(
    settings: NotificationsSettings, links: LinkSigner, clock: SettableClock
) -> None:
    elsewhere = settings.model_copy(update={"account_pages_url": "https://app.example/account/"})

    text = part(LetterWriter(elsewhere, links, clock).write(letter(Kind.RESET)), "plain")

    assert "https://app.example/account/reset-password/" in text


@pytest.mark.parametrize("kind", [Kind.EMAIL_CHANGED, Kind.REGISTRATION_REPEATED])
def test_a_fact_of_the_past_that_names_no_notice_still_makes_a_mail(
    writer: LetterWriter, kind: Kind
) -> None:
    message = writer.write(letter(kind, details={"email": "countess@example.org"}))

    assert "/not-me/" not in part(message, "plain")
    assert "/not-me/" not in part(message, "html")


@pytest.mark.parametrize(
    ("about", "subject"),
    [
        ("password-changed", "Your password was changed"),
        ("password-reset", "Your password was set anew"),
        ("new-device", "Somebody logged in from a new device"),
        ("second-factor-added", "A second factor was added to your account"),
        ("second-factor-removed", "Your second factor was removed"),
        ("something-of-tomorrow", "Something was changed in your account"),
    ],
)
def test_a_notice_says_what_was_done(writer: LetterWriter, about: str, subject: str) -> None:
    details = {**DETAILS[Kind.SECURITY_NOTICE], "about": about, "ip": None, "device": None}

    message = writer.write(letter(Kind.SECURITY_NOTICE, details=details))

    assert message["Subject"] == subject
    assert "2 March 2026, 12:00 UTC." in part(message, "plain")


def test_who_is_invited_is_not_told_of_an_old_password(writer: LetterWriter) -> None:
    details = {**DETAILS[Kind.RESET], "is_invitation": True}

    invited = writer.write(letter(Kind.RESET, details=details))
    forgot = writer.write(letter(Kind.RESET))

    assert (invited["Subject"], forgot["Subject"]) == ("Set your password", "Set a new password")
    assert "There is an account for you" in part(invited, "html")
    assert "most likely you" in part(forgot, "plain")


@pytest.mark.parametrize("kind", list(Kind))
def test_only_bulk_mail_can_be_unsubscribed_from(
    writer: LetterWriter, links: LinkSigner, kind: Kind
) -> None:
    message = writer.write(letter(kind))

    if kind not in {Kind.INVITATION, Kind.REMINDER}:
        assert "List-Unsubscribe" not in message
        return
    url = message["List-Unsubscribe"].strip("<>")
    assert links.verify(url.rpartition("/")[2], "unsubscribe").id == 8
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert url in part(message, "plain")
    assert f"\r\nList-Unsubscribe: <{url}>\r\n".encode() in message.as_bytes()


@pytest.mark.parametrize(
    ("answer", "subject"),
    [
        ("accepted", "You are going: Summer concert"),
        ("declined", "You are not coming: Summer concert"),
        ("maybe", "You might come: Summer concert"),
        ("waitlisted", "You are on the waiting list: Summer concert"),
        ("pending", "We have your answer: Summer concert"),
    ],
)
def test_a_confirmation_says_what_was_answered(
    writer: LetterWriter, answer: str, subject: str
) -> None:
    message = writer.write(letter(Kind.CONFIRMATION, answer=answer))

    assert message["Subject"] == subject


def test_a_confirmation_speaks_of_its_own_answer_not_of_a_later_one(
    writer: LetterWriter,
) -> None:
    told = rsvp_state(status="accepted", party_size=3).model_dump(mode="json")
    later = rsvp_state(status="declined", link_version=2)

    message = writer.write(letter(Kind.CONFIRMATION, guest=later, details={"rsvp": told}))

    assert message["Subject"] == "You are going: Summer concert"
    assert "3 people" in part(message, "plain")


def test_an_accepted_answer_brings_a_calendar_entry(writer: LetterWriter) -> None:
    message = writer.write(letter(Kind.CONFIRMATION))

    sent = message_from_bytes(bytes(message), policy=default)
    [entry] = list(sent.iter_attachments())
    assert (entry.get_content_type(), entry.get_param("method")) == ("text/calendar", "REQUEST")
    assert "UID:c0ffee@stitch.example" in entry.get_content()


def test_what_guests_and_editors_type_can_neither_add_headers_nor_markup(
    writer: LetterWriter,
) -> None:
    event = event_state(title="Gala\r\nBcc: all@example.com", location="<script>alert(1)</script>")

    message = writer.write(letter(Kind.INVITATION, event=event, recipient_name='"<b>Ada</b>'))

    assert message["Subject"] == "You are invited: Gala Bcc: all@example.com"
    assert "Bcc" not in message
    assert "<script>" not in part(message, "html")
    assert "&lt;script&gt;" in part(message, "html")


def test_who_is_told_of_another_zone_sees_the_old_and_the_new_hour(writer: LetterWriter) -> None:
    event = event_state(timezone="Asia/Riyadh")
    before = noted_before(event, timezone="Europe/Berlin")

    message = writer.write(letter(Kind.UPDATE, event=event, details=before))

    for content in (part(message, "plain"), part(message, "html")):
        assert "19:00 \N{EN DASH} 22:30 (Europe/Berlin, UTC+2)" in content
        assert "20:00 \N{EN DASH} 23:30 (Asia/Riyadh, UTC+3)" in content


@pytest.mark.parametrize("kind", sorted(set(Kind) - ABOUT_ACCOUNTS))
def test_what_is_written_from_right_to_left_is_set_so(writer: LetterWriter, kind: Kind) -> None:
    event = event_state(title="مهرجان الصيف!", location="الرياض.", description="مرحبا.")

    html = part(writer.write(letter(kind, event=event)), "html")

    for typed in (event.title, event.location, *_description(kind, event)):
        assert re.search(rf'dir="auto"[^>]*>{re.escape(typed)}</', html)


def _description(kind: Kind, event: EventState) -> list[str]:
    return [event.description] if kind is Kind.INVITATION else []


def test_everything_travels_as_plain_ascii(writer: LetterWriter) -> None:
    event = event_state(title="Konzert für Zoë")

    raw = bytes(writer.write(letter(Kind.INVITATION, event=event, recipient_name="Zoë")))

    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert message_from_bytes(raw, policy=default)["Subject"].endswith("Konzert für Zoë")


def test_a_template_of_an_admin_is_used_instead(writer: LetterWriter) -> None:
    wording = Wording(
        "{{ event_title }} awaits you",
        "Dear {{ recipient_name }},\n\nsee {{ event_link }} & come.\n\n{{ rsvp_link }}",
    )

    message = writer.write(letter(Kind.INVITATION, wording=wording))

    html = part(message, "html")
    assert message["Subject"] == "Summer concert awaits you"
    assert "Dear Ada," in part(message, "plain")
    assert "&amp; come." in html
    assert ">Answer the invitation</a>" in html
    assert 'href="https://stitch.example/e/summer-concert"' in html


def test_a_template_may_compare_the_place_on_a_waiting_list_also_where_there_is_none(
    writer: LetterWriter,
) -> None:
    wording = Wording("S", "{% if waitlist_position > 2 %}far{% else %}near{% endif %}")

    message = writer.write(letter(Kind.CONFIRMATION, wording=wording))

    assert part(message, "plain").strip() == "near"


def test_the_date_is_that_of_the_clock(writer: LetterWriter) -> None:
    message = writer.write(letter(Kind.CANCELLATION))

    assert message["Date"].datetime == NOW


def test_a_letter_reaches_an_address_that_is_not_ascii(writer: LetterWriter) -> None:
    message = writer.write(letter(Kind.INVITATION, recipient_email="Zoë@exämple.org"))

    assert "Zoë@exämple.org".encode() in message.as_bytes().split(b"\r\n\r\n")[0]
    assert message["To"].addresses[0].addr_spec == "Zoë@exämple.org"
