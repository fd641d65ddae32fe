"""What a row of the routing table says."""

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

VARIABLE = re.compile(r"\{(?P<name>\w+)(?::(?P<kind>int|path))?\}")
KIB = 1024
DEFAULT_BODY = 1024 * KIB
IMPORT_BODY = 10 * 1024 * KIB
PROMPT_BODY = 256 * KIB
PATIENT = timedelta(seconds=120)
SAFE = frozenset({"GET", "HEAD"})


class RouteClass(StrEnum):
    """Routes that are limited together; `limits/models.py` says how."""

    READ = "read"
    WRITE = "write"
    GUEST = "guest"
    LOG_IN = "log-in"
    MAIL = "mail"
    """What sends mail to somebody."""
    PROMPT = "prompt"
    """What asks a language model."""
    IMPORT = "import"
    PROBE = "probe"
    """What an orchestrator asks, who is not limited."""


@dataclass(frozen=True, slots=True)
class Access:
    """Which credentials a route takes; `reason` says why it also opens to nobody in particular.

    A credential whose scheme the route does not take never goes further.
    """

    schemes: frozenset[str] = frozenset()
    reason: str | None = None

    @property
    def is_open(self) -> bool:
        return self.reason is not None


BEARER = Access(frozenset({"bearer"}))
"""An access token, verified here and again by the service."""
GUEST = Access(frozenset({"rsvp"}))
"""A guest's link token, which only events can check."""


def public(reason: str, *schemes: str) -> Access:
    """Anybody may call; `schemes` are the credentials that make a difference if they are there."""
    return Access(frozenset(schemes), reason)


@dataclass(frozen=True, slots=True)
class Moved:
    """Where a deprecated path has gone, and since when (RFC 9745)."""

    template: str
    since: date


@dataclass(frozen=True, slots=True)
class Route:
    """One row: methods and a template, and what holds for them.

    In a template `{name}` is one segment, `{name:int}` a number and `{name:path}` all that is left.
    """

    methods: frozenset[str]
    template: str
    upstream: str
    access: Access
    max_body: int = DEFAULT_BODY
    answers_within: timedelta = timedelta(seconds=15)
    """Until the answer begins, and between its parts."""
    moved: Moved | None = None
    limited_as: RouteClass | None = None
    """Unset: what is safe reads, all else writes."""
    is_page: bool = False
    """People look at it in a browser, so its errors are pages too."""
    path: str = field(init=False)
    """The template as it is told to people, metrics and logs."""
    names: tuple[str, ...] = field(init=False)
    """Of the template's variables, in order."""
    patience: float = field(init=False)
    """Seconds of `answers_within`."""

    def __post_init__(self) -> None:
        shown = self.template.replace(":int}", "}").replace(":path}", "}")
        names = tuple(variable["name"] for variable in VARIABLE.finditer(self.template))
        object.__setattr__(self, "path", shown)
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "patience", self.answers_within.total_seconds())

    def class_of(self, method: str) -> RouteClass:
        """What a request with this method is limited as."""
        if self.limited_as is not None:
            return self.limited_as
        return RouteClass.READ if method in SAFE else RouteClass.WRITE


@dataclass(slots=True)
class Match:
    """A row and what the path has put into its template."""

    route: Route
    captured: tuple[str, ...]

    @property
    def values(self) -> dict[str, str]:
        """By the names of the template's variables."""
        return dict(zip(self.route.names, self.captured, strict=True))
