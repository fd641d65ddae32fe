"""What the audit log shows and is asked."""

from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict

from stitch_auth.audit.models import Result


class AuditFilter(BaseModel):
    """Which entries are wanted."""

    actor_id: int | None = None
    action: str | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


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
