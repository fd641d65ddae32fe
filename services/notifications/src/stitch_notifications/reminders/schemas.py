"""Bodies of reminders."""

from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel

from stitch_common.http.bodies import RequestBody


class Audience(StrEnum):
    """Whom to remind; people who have declined are in none of these."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    ALL = "all"

    @property
    def answers(self) -> frozenset[str]:
        everybody = frozenset({"pending", "accepted", "maybe"})
        return everybody if self is Audience.ALL else frozenset({str(self)})


class RemindersBody(RequestBody):
    """Whom to remind."""

    audience: Audience = Audience.ALL


class RemindersAccepted(BaseModel):
    """What will happen; `batch_id` follows it."""

    batch_id: UUID
    queued: int
    message: str
