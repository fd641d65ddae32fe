"""The dashboard over HTTP."""

import httpx
import pytest

PATHS = ["/api/dashboard/stats", "/api/dashboard/quick-actions", "/api/dashboard/analytics"]


@pytest.mark.parametrize("path", PATHS)
async def test_nobody_in_particular_is_refused(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 401


@pytest.mark.parametrize("path", PATHS)
async def test_viewers_read_the_dashboard(viewer: httpx.AsyncClient, path: str) -> None:
    assert (await viewer.get(f"{path}/")).status_code == 200


async def test_quick_actions_depend_on_the_role(
    viewer: httpx.AsyncClient, editor: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    numbers = [
        len((await somebody.get("/api/dashboard/quick-actions")).json())
        for somebody in (viewer, editor, admin)
    ]
    (first, *_) = (await viewer.get("/api/dashboard/quick-actions")).json()

    assert numbers == [2, 5, 8]
    assert set(first) == {"id", "title", "description", "icon", "url"}


async def test_a_period_has_as_many_days_as_asked_for(viewer: httpx.AsyncClient) -> None:
    default = (await viewer.get("/api/dashboard/analytics")).json()
    week = (await viewer.get("/api/dashboard/analytics?days=7")).json()

    assert (default["period_days"], len(default["content_timeline"])) == (30, 30)
    assert [
        len(week[name]) for name in ("content_timeline", "rsvp_timeline", "email_timeline")
    ] == [
        7,
        7,
        7,
    ]
    assert week["content_timeline"][-1] == {"date": "2026-03-02", "count": 0}


@pytest.mark.parametrize("days", ["0", "-1", "367", "many", "1e3"])
async def test_an_unusable_period_is_refused(viewer: httpx.AsyncClient, days: str) -> None:
    assert (await viewer.get("/api/dashboard/analytics", params={"days": days})).status_code == 400
