"""Pages as HTML: Jinja with everything escaped, and headers that let nothing leak or run."""

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from stitch_events.pages.rules import ZONES, moment, when, zone_label
from stitch_events.pages.schemas import NAMED_COMPANIONS

_FOLDER = files("stitch_events.pages") / "templates"
STYLE = (_FOLDER / "page.css").read_text(encoding="utf-8")
SCRIPT = (_FOLDER / "page.js").read_text(encoding="utf-8")


def _hash(source: str) -> str:
    return f"'sha256-{b64encode(sha256(source.encode()).digest()).decode()}'"


def _field_id(pointer: str) -> str:
    """The id of the field on a page that an error's pointer means."""
    return pointer.strip("/").replace("/", "-")


HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "; ".join(
        (
            "default-src 'none'",
            f"style-src {_hash(STYLE)}",
            f"script-src {_hash(SCRIPT)}",
            "img-src data:",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    ),
    "cross-origin-opener-policy": "same-origin",
    # The address of a guest's page is a credential: it goes nowhere.
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-robots-tag": "noindex, nofollow",
}


class Pages:
    """Renders the templates beside this module."""

    def __init__(self) -> None:
        self._templates = Environment(
            loader=PackageLoader("stitch_events.pages"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        # Ours, byte for byte: their hashes are in the policy.
        self._templates.globals.update(
            style=Markup(STYLE),  # noqa: S704 - see above
            script=Markup(SCRIPT),  # noqa: S704 - see above
            zones=ZONES,
            when=when,
            moment=moment,
            zone_label=zone_label,
            companions_named=NAMED_COMPANIONS,
        )
        self._templates.filters["field_id"] = _field_id

    def render(self, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
        """A whole answer; what guests have typed is text in it, never markup."""
        html = self._templates.get_template(template).render(context)
        return HTMLResponse(html, status, headers=HEADERS)
