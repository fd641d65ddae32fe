"""What the audit log shows and is asked."""

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict

from stitch_auth.audit.models import Result

DATE_AND_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ].+")


def _written_out(value: object) -> object:
    # Pydantic takes a number for the seconds since 1970; a contract of RFC 3339 does not.
    if isinstance(value, datetime) or (isinstance(value, str) and DATE_AND_TIME.match(value)):
        return value
    message = "Write a date and a time with an offset (RFC 3339), such as 2026-03-02T12:00:00Z."
    raise ValueError(message)


Moment = Annotated[AwareDatetime, BeforeValidator(_written_out)]


class AuditFilter(BaseModel):
    """Which entries are wanted."""

    actor_id: int | None = None
    action: str | None = None
    since: Moment | None = None
    until: Moment | None = None


class AuditEntryView(BaseModel):
    """One entry; it never holds a secret."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    at: datetime
    action: str
    result: Result
    actor_id: int | None
    subject: str | None
    ip: str | None
    user_agent: str | None
    request_id: str | None
    details: dict[str, Any]
