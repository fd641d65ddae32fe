"""What operators may say of limits."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from stitch_gateway.limits.models import NETWORK, QUOTAS, Quota
from stitch_gateway.limits.rules import quotas_of
from stitch_gateway.routing.models import RouteClass
from stitch_gateway.routing.table import ROUTES
from stitch_gateway.settings import GatewaySettings


def test_a_limit_is_a_number_in_so_many_seconds_and_stays_shared_or_not() -> None:
    quotas = quotas_of({"read": "5/60", "mail": "2/3600"}, scale=1)

    assert quotas["read"] == Quota(5, timedelta(minutes=1))
    assert quotas["mail"] == Quota(2, timedelta(hours=1), is_shared=True)
    assert quotas["write"] == QUOTAS[RouteClass.WRITE]


def test_a_limit_can_be_off_and_all_can() -> None:
    assert "mail" not in GatewaySettings(limits={"mail": "off"}).quotas
    assert GatewaySettings(limits_on=False).quotas == {}


def test_the_defaults_are_scaled_and_wishes_are_not() -> None:
    quotas = quotas_of({"read": "5/60"}, scale=0.001)

    assert (quotas["read"].most, quotas[NETWORK].most, quotas["import"].most) == (5, 6, 1)


def test_on_one_s_own_machine_the_defaults_are_ten_times_as_generous() -> None:
    dev, real = GatewaySettings(environment="dev"), GatewaySettings(environment="prod")

    assert dev.quotas["read"].most == 10 * real.quotas["read"].most


@pytest.mark.parametrize(
    "wishes",
    [
        {"reed": "5/60"},
        {"read": "5"},
        {"read": "0/60"},
        {"read": "-1/60"},
        {"probe": "9/9"},
        {"read": "9/90000"},
        {"read": "9000000/60"},
    ],
)
def test_a_limit_that_nobody_could_keep_stops_the_start(wishes: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        GatewaySettings(limits=wishes)


def test_every_row_of_the_table_is_limited_but_those_of_orchestrators() -> None:
    classes = {row.path: {row.class_of(method) for method in row.methods} for row in ROUTES}

    unlimited = {path for path, found in classes.items() if not found <= QUOTAS.keys()}
    assert unlimited == {"/healthz", "/readyz"}


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", "/api/auth/token", "log-in"),
        ("POST", "/api/auth/register", "mail"),
        ("POST", "/api/auth/password-reset", "mail"),
        ("POST", "/api/notifications/{event_id}/send-invitations", "mail"),
        ("POST", "/api/events/{event_id}/send-invitations", "mail"),
        ("POST", "/api/events/{event_id}/rsvps", "mail"),
        ("POST", "/api/ai/generate-content", "prompt"),
        ("POST", "/api/content/{content_id}/ai-suggestions", "prompt"),
        ("POST", "/api/content/import", "import"),
        ("GET", "/rsvp/{token}", "guest"),
        ("GET", "/api/content", "read"),
        ("POST", "/api/content", "write"),
        ("DELETE", "/api/content/{content_id}", "write"),
    ],
)
def test_routes_are_limited_by_what_they_cost(method: str, path: str, expected: str) -> None:
    [row] = [row for row in ROUTES if row.path == path and method in row.methods]

    assert row.class_of(method) == expected
