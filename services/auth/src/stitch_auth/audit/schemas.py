"""What the audit log shows and is asked."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict

from stitch_auth.audit.models import Result
from stitch_common.moments import WrittenOut

Moment = Annotated[AwareDatetime, WrittenOut]


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
