"""What is remembered of a request while it is answered."""

from dataclasses import dataclass, field

from starlette.types import Scope

from stitch_gateway.intake.head import Fields

KEY = "stitch.record"


@dataclass(slots=True)
class Record:
    """Filled by who answers, read by who logs; never a path, a query or a credential."""

    outcome: str = "answered"
    """`answered`, the code of our own refusal, `client-left` or `cut-short`."""
    upstream: str | None = None
    user_id: int | None = None
    standing: Fields = field(default_factory=list)
    """What the answer tells about limits."""


def record_of(scope: Scope) -> Record:
    """This request's record, made where there is none yet."""
    record: Record = scope.setdefault(KEY, Record())
    return record
