"""Use cases of analytics."""

from stitch_common.database import Database
from stitch_events.analytics.repository import COUNTED, AnalyticsRepository
from stitch_events.analytics.rules import response_rate
from stitch_events.analytics.schemas import EventAnalytics, ResponsesOfDay, Summary
from stitch_events.events.service import EventNotFoundError

__all__ = ["AnalyticsService", "EventNotFoundError"]


class AnalyticsService:
    """Counts, always of the rows themselves, so that they can't drift."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, event_id: int) -> EventAnalytics:
        async with self._database.transaction() as session:
            repository = AnalyticsRepository(session, event_id)
            if not await repository.find_event():
                raise EventNotFoundError
            counted = await repository.summary()
            days = await repository.timeline()
        return EventAnalytics(
            summary=Summary(
                total_invites=counted.total_invites,
                **{str(status): getattr(counted, status) for status in COUNTED},
                total_guests=counted.total_guests,
                checked_in=counted.checked_in,
                response_rate=response_rate(counted.answered, counted.total_invites),
            ),
            response_timeline=[ResponsesOfDay.model_validate(day) for day in days],
        )
