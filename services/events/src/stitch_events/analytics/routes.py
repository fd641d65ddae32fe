"""Analytics over HTTP."""

from fastapi import APIRouter

from stitch_common.http.bodies import ResourceId
from stitch_common.http.principals import Viewer
from stitch_common.http.problems import declares
from stitch_events.analytics.schemas import EventAnalytics
from stitch_events.analytics.service import EventNotFoundError
from stitch_events.wiring import Analytics

router = APIRouter(prefix="/api/events", tags=["Analytics"])


@router.get("/{event_id}/analytics", responses=declares(EventNotFoundError))
async def get_analytics(
    event_id: ResourceId,
    analytics: Analytics,
    _user: Viewer,
) -> EventAnalytics:
    """How guests have answered, in numbers and by day."""
    return await analytics.get(event_id)
