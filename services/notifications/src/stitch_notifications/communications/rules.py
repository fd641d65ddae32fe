"""Numbers about an event's mails."""

from collections.abc import Mapping
from dataclasses import dataclass

from stitch_notifications.deliveries.models import ACCEPTED, Status


@dataclass(frozen=True, slots=True)
class Tally:
    """How many mails are in a state, and how many of them were opened and clicked."""

    mails: int
    opened: int
    clicked: int


def stats(tallies: Mapping[str, Tally]) -> dict[str, int | float]:
    """What `notification-stats` shows."""

    def mails(*statuses: Status) -> int:
        return sum(tallies[status].mails for status in statuses if status in tallies)

    sent, bounced = mails(*ACCEPTED), mails(Status.BOUNCED)
    opened = sum(tally.opened for tally in tallies.values())
    clicked = sum(tally.clicked for tally in tallies.values())
    return {
        "total_sent": sent,
        "total_delivered": sent - bounced,
        "total_opened": opened,
        "total_clicked": clicked,
        "bounce_rate": percentage(bounced, sent),
        "open_rate": percentage(opened, sent),
        "click_rate": percentage(clicked, sent),
        "pending": mails(Status.PENDING, Status.SENDING),
        "deferred": mails(Status.DEFERRED),
        "failed": mails(Status.FAILED),
        "suppressed": mails(Status.SUPPRESSED),
        "cancelled": mails(Status.CANCELLED),
    }


def percentage(part: int, whole: int) -> float:
    return round(100 * part / whole, 2) if whole else 0.0
