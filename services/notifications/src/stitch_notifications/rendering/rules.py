"""What a template may say: known placeholders, conditions and a few filters, nothing else.

A template is written by an admin, but what it can do is decided here: no loops, no calls, no
attributes, no arithmetic. So it can neither read what it should not nor keep a sender busy.
"""

from collections.abc import Iterator, Mapping

from jinja2 import TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from stitch_common.errors import FieldError
from stitch_notifications.templates.models import Kind

EVERYWHERE = frozenset(
    {"greeting", "recipient_name", "recipient_email", "sender_name", "site_link"}
)
EVENT = frozenset(
    {
        "event_title",
        "event_description",
        "event_location",
        "event_link",
        "event_date",
        "event_time",
        "event_zone",
        "event_month",
        "event_day",
        "answer_by",
    }
)
GUEST = frozenset(
    {"rsvp_link", "answer", "party_size", "dietary_restrictions", "waitlist_position"}
)
_MORE: Mapping[Kind, frozenset[str]] = {
    Kind.INVITATION: frozenset({"unsubscribe_link"}),
    Kind.REMINDER: frozenset({"unsubscribe_link", "days_left"}),
    Kind.UPDATE: frozenset({"changes_text", "when_before", "when_now", "where_before"}),
}
IN_LAYOUTS = frozenset({"subject", "unsubscribe_link"})
"""Layouts of every kind may name these; what there is nothing for is empty."""
_ACCOUNT: Mapping[Kind, frozenset[str]] = {
    Kind.VERIFICATION: frozenset({"verify_link", "link_expires"}),
    Kind.REGISTRATION_REPEATED: frozenset({"not_me_link", "link_expires"}),
    Kind.RESET: frozenset({"reset_link", "link_expires", "is_invitation"}),
    Kind.EMAIL_CHANGED: frozenset({"new_email", "not_me_link", "link_expires"}),
    Kind.SECURITY_NOTICE: frozenset(
        {"headline", "happened_at", "ip", "device", "not_me_link", "link_expires"}
    ),
}

_SAMPLES: Mapping[str, object] = {
    "greeting": "Hello Ada Lovelace,",
    "recipient_name": "Ada Lovelace",
    "recipient_email": "ada@example.com",
    "sender_name": "Stitch",
    "site_link": "https://stitch.example",
    "event_title": "Summer concert",
    "event_description": "An evening of chamber music in the old brewery.",
    "event_location": "Alte Brauerei, Hofgasse 4, Leipzig",
    "event_link": "https://stitch.example/e/summer-concert",
    "event_date": "Friday, 19 June 2026",
    "event_time": "19:00 - 22:30",
    "event_zone": "Europe/Berlin, UTC+2",
    "event_month": "JUN",
    "event_day": "19",
    "answer_by": "Friday, 12 June 2026",
    "rsvp_link": "https://stitch.example/rsvp/the-link-of-a-guest",
    "answer": "accepted",
    "party_size": 2,
    "dietary_restrictions": "one vegetarian",
    "waitlist_position": 3,
    "unsubscribe_link": "https://stitch.example/unsubscribe",
    "days_left": "in 3 days",
    "changes_text": "Where: Alte Brauerei, Hofgasse 4, Leipzig (was Gewandhaus)",
    "when_before": "",
    "when_now": "",
    "where_before": "Gewandhaus",
    "verify_link": "https://stitch.example/verify-email/the-link-of-an-account",
    "reset_link": "https://stitch.example/reset-password/the-link-of-an-account",
    "is_invitation": False,
    "new_email": "countess@example.org",
    "not_me_link": "https://stitch.example/not-me/the-link-of-an-account",
    "headline": "Somebody logged in from a new device",
    "happened_at": "Friday, 19 June 2026, 12:00 UTC",
    "ip": "203.0.113.7",
    "device": "Firefox on Linux",
    "link_expires": "Saturday, 20 June 2026, 12:00 UTC",
}

_SAMPLES_OF: Mapping[Kind, Mapping[str, object]] = {
    Kind.GUEST_LINK: {"answer": "unconfirmed"},  # most have just filled in the public form
}

_HEADLINES: Mapping[str, str] = {
    "password-changed": "Your password was changed",
    "password-reset": "Your password was set anew",
    "new-device": "Somebody logged in from a new device",
    "second-factor-added": "A second factor was added to your account",
    "second-factor-removed": "Your second factor was removed",
}

FILTERS = frozenset({"capitalize", "default", "lower", "title", "trim", "upper", "urlize"})
_HARMLESS = (
    nodes.And,
    nodes.Compare,
    nodes.CondExpr,
    nodes.Const,
    nodes.Filter,
    nodes.If,
    nodes.Name,
    nodes.Not,
    nodes.Operand,
    nodes.Or,
    nodes.Output,
    nodes.Template,
    nodes.TemplateData,
)

LAYOUT = "mjml"
"""The field of a template that is a layout."""

TOO_DEEP = "Conditions and expressions lie too deep in each other."
MOST_LEVELS = 30
"""How deep expressions and conditions may lie in each other, so that no parser's stack ends."""

_PARSER = ImmutableSandboxedEnvironment()


def headline(about: str) -> str:
    """What was done with an account, in a few words."""
    return _HEADLINES.get(about, "Something was changed in your account")


def placeholders(kind: Kind) -> frozenset[str]:
    """What a template of this kind can show."""
    if kind in _ACCOUNT:
        return EVERYWHERE | _ACCOUNT[kind]
    return EVERYWHERE | EVENT | GUEST | _MORE.get(kind, frozenset())


def sample_values(kind: Kind) -> dict[str, object]:
    """What a preview shows where nobody in particular is written to."""
    samples = {**_SAMPLES, **_SAMPLES_OF.get(kind, {})}
    return {name: samples[name] for name in placeholders(kind)}


def refusals(kind: Kind, sources: Mapping[str, str]) -> list[FieldError]:
    """What is wrong with these texts, by the name of their field."""
    return [
        FieldError(f"/{field}", message)
        for field, source in sources.items()
        for message in _complaints(source, _allowed(kind, field))
    ]


def _allowed(kind: Kind, field: str) -> frozenset[str]:
    return placeholders(kind) | (IN_LAYOUTS if field == LAYOUT else frozenset())


def _complaints(source: str, allowed: frozenset[str]) -> Iterator[str]:
    try:
        tree = _PARSER.parse(source)
    except TemplateSyntaxError as error:
        yield f"Line {error.lineno}: {error.message}"
        return
    except RecursionError:
        yield TOO_DEEP
        return
    if _levels(tree) > MOST_LEVELS:
        yield TOO_DEEP
        return
    for node in [tree, *tree.find_all(nodes.Node)]:
        if isinstance(node, nodes.Name) and node.name not in allowed:
            known = ", ".join(sorted(allowed))
            yield f"Line {node.lineno}: there is no placeholder {node.name!r}. There are: {known}."
        elif isinstance(node, nodes.Filter) and node.name not in FILTERS:
            known = ", ".join(sorted(FILTERS))
            yield f"Line {node.lineno}: there is no filter {node.name!r}. There are: {known}."
        elif not isinstance(node, _HARMLESS):
            yield f"Line {node.lineno}: only placeholders, filters and conditions are allowed."


def _levels(tree: nodes.Node) -> int:
    """How deep the tree is; without recursion, which is what a deep one would break."""
    levels, level = 0, [tree]
    while level:
        levels += 1
        level = [child for node in level for child in node.iter_child_nodes()]
    return levels
