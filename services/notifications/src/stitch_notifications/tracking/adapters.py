"""The unsubscribe page as HTML, with headers that let nothing leak or run."""

from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from stitch_notifications.tracking.rules import Subscription

_FOLDER = Path(__file__).parent / "pages"
_STYLE = (_FOLDER / "page.css").read_text("utf-8")
_PAGES = Environment(
    loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)

HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "; ".join(
        (
            "default-src 'none'",
            f"style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    ),
    # The address of this page is a credential: it goes nowhere.
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex, nofollow",
}


def unsubscribe_page(subscription: Subscription | None) -> HTMLResponse:
    """What the recipient may do or has done; without a subscription, that the link is dead."""
    html = _PAGES.get_template("unsubscribe.html").render(
        # Ours, byte for byte: its hash is in the policy.
        style=Markup(_STYLE),  # noqa: S704 - see above
        title="Unsubscribe",
        subscription=subscription,
        address=masked(subscription.address) if subscription else "",
    )
    return HTMLResponse(html, 200 if subscription else 404, headers=HEADERS)


def masked(address: str) -> str:
    """Enough to recognise one's own address, not enough to learn somebody else's."""
    person, _, domain = address.rpartition("@")
    return f"{person[:1]}\N{HORIZONTAL ELLIPSIS}@{domain}"
