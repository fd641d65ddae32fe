"""The words that all slices share: where an event is in its life, and where a guest stands."""

from enum import StrEnum


class EventStatus(StrEnum):
    """Where an event is in its life."""

    DRAFT = "draft"
    PUBLISHED = "published"
    CANCELLED = "cancelled"
    COMPLETED = "completed"


class RSVPStatus(StrEnum):
    """Where a guest stands. Only `accepted` holds seats; `cancelled` is off the list."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    MAYBE = "maybe"
    WAITLISTED = "waitlisted"
    CANCELLED = "cancelled"
