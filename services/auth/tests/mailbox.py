"""What notifications makes of auth's facts: links to mailed tokens."""

from datetime import datetime
from typing import Any

from services.auth.tests.conftest import KEY, Wired

from stitch_common.security.links import LinkSigner
from stitch_common.testing.clock import SettableClock

IDS = {"verify-email": "verification_id", "reset-password": "reset_id", "not-me": "notice_id"}
SUBJECTS = {
    "verify-email": "email_verification.requested",
    "reset-password": "password_reset.requested",
    "not-me": "security_notice.requested",
}


async def mails(wired: Wired, purpose: str) -> list[dict[str, Any]]:
    return await wired.facts(SUBJECTS[purpose])


async def newest_token(
    wired: Wired, clock: SettableClock, purpose: str, *, subject: str = ""
) -> str:
    """The token in the newest mail of this purpose, or with this subject."""
    fact = (await wired.facts(subject or SUBJECTS[purpose]))[-1]
    return LinkSigner({purpose: {"1": KEY}}, clock).sign(
        purpose,
        fact[IDS[purpose]],
        version=1,
        expires_at=datetime.fromisoformat(fact.get("expires_at") or fact["notice_expires_at"]),
    )
