"""Who is invited and who is left out: addresses, duplicates, earlier answers."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from stitch_common.contracts.notifications import Recipient
from stitch_notifications.audience.models import KnownAnswer

PART_SIZE = 500
UNANSWERED = "pending"


class SkipReason(StrEnum):
    """Why somebody gets no invitation."""

    DUPLICATE = "duplicate"
    ALREADY_INVITED = "already_invited"
    ALREADY_ANSWERED = "already_answered"
    SUPPRESSED = "suppressed"


@dataclass(frozen=True, slots=True)
class Skipped:
    """Somebody who gets no invitation."""

    email: str
    reason: SkipReason


@dataclass(slots=True)
class Selection:
    """Who is invited, and who is not."""

    invited: list[Recipient] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


def without_duplicates(recipients: Iterable[Recipient]) -> Selection:
    """The first of each address, whatever the case of its letters."""
    selection, seen = Selection(), set[str]()
    for recipient in recipients:
        address = recipient.email.lower()
        if address in seen:
            selection.skipped.append(Skipped(recipient.email, SkipReason.DUPLICATE))
        else:
            seen.add(address)
            selection.invited.append(recipient)
    return selection


def without_the_known(
    recipients: Iterable[Recipient],
    answers: Mapping[str, KnownAnswer],
    *,
    suppressed: Collection[str],
    resend: bool,
) -> Selection:
    """Leave out whom an invitation would not reach, or would only annoy."""
    selection = Selection()
    for recipient in recipients:
        address = recipient.email.lower()
        reason = _reason_to_skip(answers.get(address), resend=resend)
        if address in suppressed:
            reason = SkipReason.SUPPRESSED
        if reason:
            selection.skipped.append(Skipped(recipient.email, reason))
        else:
            selection.invited.append(recipient)
    return selection


def _reason_to_skip(known: KnownAnswer | None, *, resend: bool) -> SkipReason | None:
    if known is None:
        return None
    was_asked = known.was_invited and not resend
    has_answered = known.status != UNANSWERED or known.awaits_approval
    if not has_answered and not was_asked:
        return None
    return SkipReason.ALREADY_INVITED if was_asked else SkipReason.ALREADY_ANSWERED


def summary(queued: int, skipped: int, *, dry_run: bool = False) -> str:
    """One sentence for the person who pressed the button."""
    noun = "invitation" if queued == 1 else "invitations"
    are = "would be sent" if dry_run else "is on the way" if queued == 1 else "are on the way"
    left_out = f", {skipped} skipped" if skipped else ""
    return f"{queued} {noun} {are}{left_out}."
