"""What the pages say, and what browsers may do with them."""

from base64 import b64encode
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256

ENVELOPE = "M3 6h18v12H3zM3 7l9 7 9-7"
KEYHOLE = "M6 11V8a6 6 0 0 1 12 0v3M5 11h14v9H5zM12 14.5v2"
SHIELD = "M12 3l8 3v6c0 5-3.5 7.6-8 9-4.5-1.4-8-4-8-9V6zM12 8v5M12 15.8v.4"
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


class NotMePage(Enum):
    """What a link to object can lead to."""

    ASK = Text(
        "Was this not you?",
        "Then take your account back. We log out everybody, programs too, and no password works"
        " until you have set a new one: the mail for that is sent to",
        SHIELD,
    )
    DONE = Text(
        "Your account is safe",
        "Everybody is logged out. A mail with a link to set a new password is on its way to you.",
        CHECK,
    )
    ALREADY = Text(
        "You have told us already",
        "Everybody was logged out then. Set a new password with the link in our mail, or ask for"
        " another one where you log in.",
        CHECK,
    )
    LOST = Text(
        "Everybody is logged out",
        "But your address belongs to another account by now, so we can't send you a mail for a new"
        " password. Please ask an administrator for help.",
        BROKEN,
        status=409,
    )
    INVALID = Text(
        "This link is not valid any more",
        "It works for some days only. If you fear that somebody knows your password, ask for a new"
        " one where you log in: that logs out everybody, too.",
        BROKEN,
        status=404,
    )


WHAT_HAPPENED = {
    "password-changed": "The password of your account was changed",
    "password-reset": "The password of your account was set anew by a mailed link",
    "email-changed": "The address of your account was changed",
    "registration-repeated": "Somebody tried to register with your address",
    "new-device": "Somebody logged in to your account from a new device",
    "second-factor-added": "A second factor was added to your account",
    "second-factor-removed": "The second factor of your account was removed",
}
"""By what a notice is about."""


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
