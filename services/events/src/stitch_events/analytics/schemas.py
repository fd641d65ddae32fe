"""What is counted."""

from datetime import date

from pydantic import BaseModel, ConfigDict


class Summary(BaseModel):
    """How many guests stand where; those who left the list are not counted."""

    model_config = ConfigDict(from_attributes=True)

    total_invites: int
    accepted: int
    declined: int
    maybe: int
    pending: int
    waitlisted: int
    total_guests: int
    """People who come: accepted parties with everyone in them."""
    checked_in: int
    response_rate: float
    """Answered / invited, in percent."""


class ResponsesOfDay(BaseModel):
    """How many guests answered for the first time on a day (UTC)."""

    model_config = ConfigDict(from_attributes=True)

    date: date
    responses: int


class EventAnalytics(BaseModel):
    """The answers to one event."""

    summary: Summary
    response_timeline: list[ResponsesOfDay]
