"""What the pages say, and what browsers may do with them."""

from base64 import b64encode
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256

ENVELOPE = "M3 6h18v12H3zM3 7l9 7 9-7"
KEYHOLE = "M6 11V8a6 6 0 0 1 12 0v3M5 11h14v9H5zM12 14.5v2"
CHECK = "M4 12.5l5 5L20 6.5"
BROKEN = "M12 5v9M12 18.5v.5"


@dataclass(frozen=True, slots=True)
class Text:
    """One page's words."""

    title: str
    text: str
    icon: str
    status: int = 200
    may_log_in: bool = False


class Page(Enum):
    """What a verification link can lead to."""

    ASK = Text("Confirm your address", "Please confirm that this address is yours:", ENVELOPE)
    CONFIRMED = Text(
        "Your address is confirmed", "Thank you! You can log in now.", CHECK, may_log_in=True
    )
    ALREADY = Text(
        "This address is confirmed already",
        "There is nothing left to do: you can log in.",
        CHECK,
        may_log_in=True,
    )
    INVALID = Text(
        "This link is not valid any more",
        "It may have expired, or a newer mail has replaced it. You can ask for another one when you"
        " log in.",
        BROKEN,
        status=404,
    )


class ResetPage(Enum):
    """What a link for a new password can lead to."""

    ASK = Text("Set a new password", "This will be the password of", KEYHOLE)
    DONE = Text(
        "Your password is set",
        "All your sessions have ended. Log in with the new password now.",
        CHECK,
        may_log_in=True,
    )
    INVALID = Text(
        "This link is not valid any more",
        "It works once, for half an hour, and only until a newer mail. You can ask for another one"
        " where you log in.",
        BROKEN,
        status=404,
    )


def security_headers(style: str) -> dict[str, str]:
    """No scripts, no other sites, no traces of the link: its address holds the token."""
    digest = b64encode(sha256(style.encode()).digest()).decode()
    policy = [
        "default-src 'none'",
        f"style-src 'sha256-{digest}'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
    return {
        "cache-control": "no-store",
        "content-security-policy": "; ".join(policy),
        "cross-origin-opener-policy": "same-origin",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "x-robots-tag": "noindex, nofollow",
    }
