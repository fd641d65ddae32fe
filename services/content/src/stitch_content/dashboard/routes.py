"""HTTP of the dashboard."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from stitch_common.http.principals import Viewer
from stitch_content.dashboard.rules import actions_for
from stitch_content.dashboard.schemas import DashboardAnalytics, DashboardStats, QuickActionView
from stitch_content.dashboard.service import DashboardService

router = APIRouter(prefix="/api/dashboard", tags=["Dashboard"])


async def dashboard_service(request: Request) -> DashboardService:
    runtime = request.app.state.runtime
    return DashboardService(runtime.database, runtime.clock)


Dashboard = Annotated[DashboardService, Depends(dashboard_service)]
Days = Annotated[int, Query(ge=1, le=366)]


@router.get("/stats")
async def get_stats(dashboard: Dashboard, _user: Viewer) -> DashboardStats:
    """Counts over all services, and what happened lately."""
    return await dashboard.stats()


@router.get("/quick-actions")
async def list_quick_actions(user: Viewer) -> list[QuickActionView]:
    """What somebody of this role often wants to do next."""
    return [QuickActionView.model_validate(action) for action in actions_for(user.role)]


@router.get("/analytics")
async def get_analytics(dashboard: Dashboard, _user: Viewer, days: Days = 30) -> DashboardAnalytics:
    """The last days one by one, in UTC, today included."""
    return await dashboard.analytics(days)
