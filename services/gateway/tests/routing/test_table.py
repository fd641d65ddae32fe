import pytest

from stitch_gateway.routing.errors import UnknownRouteError
from stitch_gateway.routing.models import BEARER, GUEST
from stitch_gateway.routing.rules import RouteTable
from stitch_gateway.routing.table import HERE, ROUTES
from stitch_gateway.settings import GatewaySettings

TABLE = RouteTable(ROUTES)


@pytest.mark.parametrize(
    ("method", "path", "upstream"),
    [
        ("POST", "/api/auth/token", "auth"),
        ("GET", "/verify-email/x", "auth"),
        ("GET", "/api/content", "content"),
        ("GET", "/api/modules/installed", "content"),
        ("PUT", "/api/settings/site_title", "content"),
        ("GET", "/api/dashboard/stats", "content"),
        ("PATCH", "/api/events/3/rsvps/9", "events"),
        ("POST", "/rsvp/x", "events"),
        ("POST", "/e/summer-party", "events"),
        ("POST", "/api/notifications/3/send-invitations", "notifications"),
        ("POST", "/api/events/3/send-invitations", "notifications"),
        ("POST", "/api/ai/generate-content", "ai"),
    ],
)
def test_every_prefix_goes_to_its_service(method: str, path: str, upstream: str) -> None:
    assert TABLE.find(method, path).route.upstream == upstream


def test_every_row_goes_to_a_service_with_an_address() -> None:
    known = {*GatewaySettings().upstream_urls, HERE}

    assert {route.upstream for route in ROUTES} == known


def test_reading_ones_own_answer_needs_the_guests_token() -> None:
    for path in ("/api/events/rsvp", "/api/events/rsvp/calendar.ics", "/api/events/rsvp/qr.png"):
        assert TABLE.find("GET", path).route.access == GUEST


def test_a_row_that_says_nothing_about_access_needs_an_access_token() -> None:
    assert TABLE.find("GET", "/api/events/3/rsvps").route.access == BEARER


def test_what_can_be_read_can_be_asked_for_its_head() -> None:
    assert all("HEAD" in route.methods for route in ROUTES if "GET" in route.methods)


def test_a_moved_path_leads_to_a_row_with_the_same_variables() -> None:
    moved = [route for route in ROUTES if route.moved]

    assert moved
    for route in moved:
        assert route.moved
        target = {each.template: each for each in ROUTES}[route.moved.template]
        assert target.names == route.names
        assert (target.upstream, target.access) == (route.upstream, route.access)


@pytest.mark.parametrize("path", ["/metrics", "/api", "/api/events/internal", "/api/auth/users/me"])
def test_what_is_not_named_does_not_exist(path: str) -> None:
    with pytest.raises(UnknownRouteError):
        TABLE.find("GET", path)
