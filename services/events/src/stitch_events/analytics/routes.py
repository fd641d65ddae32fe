"""Analytics over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from stitch_common.http.bodies import ResourceId
from stitch_common.http.principals import Viewer
from stitch_common.http.problems import declares
from stitch_events.analytics.schemas import EventAnalytics
from stitch_events.analytics.service import AnalyticsService, EventNotFoundError

router = APIRouter(prefix="/api/events", tags=["Analytics"])


async def analytics_service(request: Request) -> AnalyticsService:
    service: AnalyticsService = request.app.state.analytics
    return service


Analytics = Annotated[AnalyticsService, Depends(analytics_service)]


@router.get("/{event_id}/analytics", responses=declares(EventNotFoundError))
async def get_analytics(
    event_id: ResourceId,
    analytics: Analytics,
    _user: Viewer,
) -> EventAnalytics:
    """How guests have answered, in numbers and by day."""
    return await analytics.get(event_id)
