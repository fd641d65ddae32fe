"""When a mail is tried again, and when it is better not sent at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from stitch_notifications.audience.models import KnownEvent, KnownGuest
from stitch_notifications.templates.models import Kind

NOT_PUBLISHED = "The event is not published."


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How soon, and how rarely at last, a mail that was not taken is tried again."""

    first: timedelta
    longest: timedelta

    def delay(self, attempts: int, spread: float) -> timedelta:
        """Twice as long each time; `spread` around 1 keeps mails from marching in step."""
        growing = self.first * 2.0 ** min(attempts - 1, 20)
        return min(growing, self.longest) * spread


def comes_too_late(kind: Kind, details: Mapping[str, Any], now: datetime) -> bool:
    """Whether all that this mail is for is a link that works no more."""
    expires_at = details.get("expires_at")
    if kind not in {Kind.VERIFICATION, Kind.RESET} or expires_at is None:
        return False
    return datetime.fromisoformat(expires_at) <= now


def reason_to_drop(
    kind: Kind, event: KnownEvent | None, guest: KnownGuest | None, now: datetime
) -> str | None:
    """Why this mail would be wrong by now; None when it may go."""
    if event is None or guest is None or kind is Kind.CANCELLATION:
        return None
    if event.is_off:
        return "The event will not take place."
    if kind in {Kind.INVITATION, Kind.REMINDER}:
        return _reason_to_drop_bulk(kind, event, guest, now)
    if kind is Kind.GUEST_LINK and event.is_draft and not guest.awaits_confirmation:
        return NOT_PUBLISHED
    if kind in {Kind.UPDATE, Kind.WAITLIST} and not guest.is_coming:
        return "The guest does not come any more."
    return None


def _reason_to_drop_bulk(
    kind: Kind, event: KnownEvent, guest: KnownGuest, now: datetime
) -> str | None:
    if not event.is_published:
        return NOT_PUBLISHED
    if event.read().end_date <= now:
        return "The event is over."
    if guest.is_off_the_list:
        return "The guest is not on the list any more."
    if kind is Kind.REMINDER and guest.status == "declined":
        return "The guest has declined."
    return None
