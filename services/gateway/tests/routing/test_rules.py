import pytest

from stitch_gateway.routing.errors import (
    DuplicateRouteError,
    MethodNotAllowedError,
    UnknownRouteError,
)
from stitch_gateway.routing.models import BEARER, Route, public
from stitch_gateway.routing.rules import RouteTable, fill


def route(methods: str, template: str) -> Route:
    return Route(frozenset(methods.split()), template, "events", BEARER)


def test_literals_are_found_before_numbers_before_text_before_the_rest() -> None:
    rows = [route("GET", f"/a/{last}") for last in ("{rest:path}", "{name}", "{id:int}", "all")]
    table = RouteTable(rows)

    found = [
        table.find("GET", path).route.template for path in ("/a/all", "/a/7", "/a/x", "/a/x/y")
    ]

    assert found == ["/a/all", "/a/{id:int}", "/a/{name}", "/a/{rest:path}"]


def test_a_path_that_a_more_exact_row_does_not_continue_goes_to_the_next_one() -> None:
    table = RouteTable([route("GET", "/a/public/{slug}"), route("GET", "/a/{name}/{id:int}/end")])

    match = table.find("GET", "/a/public/7/end")

    assert match.route.path == "/a/{name}/{id}/end"
    assert match.values == {"name": "public", "id": "7"}


@pytest.mark.parametrize(
    "path", ["/", "/a", "/a/x", "/a/7/more", "/a/-7", "/a/\u0667", "/a/" + "1" * 20]
)
def test_a_path_without_a_row_does_not_exist(path: str) -> None:
    table = RouteTable([route("GET", "/a/{id:int}")])

    with pytest.raises(UnknownRouteError):
        table.find("GET", path)


def test_another_method_is_refused_and_told_which_ones_there_are() -> None:
    table = RouteTable([route("GET HEAD", "/a/{id:int}"), route("DELETE", "/a/{name}")])

    with pytest.raises(MethodNotAllowedError) as refused:
        table.find("POST", "/a/7")

    assert refused.value.headers == {"allow": "DELETE, GET, HEAD, OPTIONS"}


def test_a_method_may_be_taken_by_a_less_exact_row() -> None:
    table = RouteTable([route("GET", "/a/all"), route("DELETE", "/a/{name}")])

    assert table.find("DELETE", "/a/all").values == {"name": "all"}


def test_two_rows_for_one_path_are_a_mistake() -> None:
    with pytest.raises(DuplicateRouteError):
        RouteTable([route("GET", "/a/{id:int}"), route("GET", "/a/{other:int}")])


def test_a_template_is_filled_with_the_values_of_another() -> None:
    assert fill("/b/{id:int}/{rest:path}", {"id": "7", "rest": "x/y"}) == "/b/7/x/y"


def test_a_public_row_says_why() -> None:
    assert public("guests have no account").is_open
    assert not BEARER.is_open
