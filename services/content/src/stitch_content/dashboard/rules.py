"""Pure decisions of the dashboard: what counts, on which day, and what a role may do next."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from stitch_common.security.principals import Role

PRESENT, GONE = "present", "gone"
ACTIVE, INACTIVE = "active", "inactive"
WRITTEN = ("draft", "published", "archived")
"""Content that is there; the rest lies in the trash or is gone."""
ACCEPTED = ("sent", "bounced")
"""Mails that the mail server has taken, also if they came back."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one fact tells about one thing."""

    kind: str
    key: int
    version: int
    told_at: datetime
    subject: str
    state: str
    category: str | None = None
    parent: int | None = None
    starts_at: datetime | None = None
    title: str | None = None
    is_beginning: bool = False
    """The thing begins to count with this fact: it was created, or a mail was sent."""
    is_news: bool = False
    """People want to read about it under recent activity."""

    @property
    def titled(self) -> int:
        return self.version if self.title is not None else 0

    @property
    def counted_at(self) -> datetime | None:
        return self.told_at if self.is_beginning else None

    @property
    def action(self) -> str:
        """The verb of the fact's subject."""
        return self.subject.split(".")[3]


def first_id(since: datetime) -> UUID:
    """The lowest id that a fact of this moment can have: they are UUIDs of version 7."""
    return UUID(int=int(since.timestamp() * 1000) << 80)


@dataclass(frozen=True, slots=True)
class QuickAction:
    """Something that people often want to do next."""

    id: str
    title: str
    description: str
    icon: str
    url: str
    role: Role


QUICK_ACTIONS = (
    QuickAction(
        "create-content", "New article", "Write an article, a page or a blog post",
        "file-plus", "/content/new", Role.EDITOR,
    ),
    QuickAction(
        "create-event", "New event", "Plan an event and invite guests",
        "calendar-plus", "/events/new", Role.EDITOR,
    ),
    QuickAction(
        "ask-assistant", "Ask the assistant", "Draft or improve a text",
        "sparkles", "/ai", Role.EDITOR,
    ),
    QuickAction(
        "browse-content", "Browse content", "Read what has been written",
        "files", "/content", Role.VIEWER,
    ),
    QuickAction(
        "browse-events", "Browse events", "See what is planned and who comes",
        "calendar", "/events", Role.VIEWER,
    ),
    QuickAction(
        "manage-modules", "Manage modules", "Install modules and switch them on or off",
        "puzzle", "/modules", Role.ADMIN,
    ),
    QuickAction(
        "manage-users", "Manage users", "Invite people and give them roles",
        "users", "/users", Role.ADMIN,
    ),
    QuickAction(
        "site-settings", "Site settings", "Change the title, the theme and the language",
        "settings", "/settings", Role.ADMIN,
    ),
)  # fmt: skip


def actions_for(role: Role) -> list[QuickAction]:
    """What this role may do, in the order in which it is shown."""
    return [action for action in QUICK_ACTIONS if role.covers(action.role)]


def days_until(today: date, days: int) -> list[date]:
    """The last so many days, today included, the earliest first."""
    return [today - timedelta(days=ago) for ago in reversed(range(days))]


def most_popular(counts: Mapping[str, int]) -> str | None:
    """The name with the highest count; of equals the first in the alphabet."""
    return min(counts, key=lambda name: (-counts[name], name), default=None)


def summed(counts: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Counts by name, the highest first."""
    totals: dict[str, int] = {}
    for name, count in counts:
        totals[name] = totals.get(name, 0) + count
    return dict(sorted(totals.items(), key=lambda item: (-item[1], item[0])))
