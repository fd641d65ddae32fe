from typing import Any

import pytest
import schemathesis
from fastapi import APIRouter, FastAPI
from pydantic import BaseModel

from stitch_common.errors import ErrorKind, StitchError
from stitch_common.http.problems import declares
from stitch_gateway.docs.limited import with_refusal
from stitch_gateway.docs.merging import Document, merge, references
from stitch_gateway.routing.models import RouteClass
from stitch_gateway.routing.table import ROUTES

HEAD = {"openapi": "3.1.0", "info": {"title": "Stitch", "version": "1"}}


class GoneError(StitchError):
    """It is gone."""

    kind = ErrorKind.NOT_FOUND
    code = "gone"


def events_app() -> FastAPI:
    class View(BaseModel):
        """An event."""

        id: int
        parent: "View | None" = None

    class Internal(BaseModel):
        secret: str

    router = APIRouter(prefix="/api/events", tags=["Events"])

    @router.get("/{id}", responses=declares(GoneError))
    async def read(id: int) -> View:  # noqa: A002 - a service may name it so
        return View(id=id)

    @router.get("")
    async def list_all() -> list[View]:
        return []

    @router.get("/rsvp")
    async def own() -> View:
        return View(id=1)

    @router.post("/{event_id}/rsvps")
    async def answer(event_id: int) -> View:
        return View(id=event_id)

    @router.get("/{event_id}/internal")
    async def internal(event_id: int) -> Internal:
        return Internal(secret=str(event_id))

    return app_with(router)


def notifications_app() -> FastAPI:
    class View(BaseModel):
        """A batch."""

        batch_id: str

    router = APIRouter(prefix="/api/notifications", tags=["Notifications"])

    @router.post("/{event_id}/send-invitations", responses=declares(GoneError))
    async def send_invitations(event_id: int) -> View:
        return View(batch_id=str(event_id))

    return app_with(router)


def app_with(router: APIRouter) -> FastAPI:
    app = FastAPI()
    app.include_router(router)
    return app


@pytest.fixture(scope="module")
def merged() -> Document:
    documents = {
        "events": events_app().openapi(),
        "notifications": notifications_app().openapi(),
    }
    return merge(documents, ROUTES, head=HEAD)


def operations(document: Document) -> list[dict[str, Any]]:
    return [operation for item in document["paths"].values() for operation in item.values()]


def test_it_is_a_valid_document(merged: Document) -> None:
    schemathesis.openapi.from_dict(merged).validate()


def test_two_services_may_use_one_name_for_two_things(merged: Document) -> None:
    schemas = merged["components"]["schemas"]

    assert schemas["events.View"]["description"] == "An event."
    assert schemas["notifications.View"]["description"] == "A batch."


def test_problems_are_the_same_everywhere(merged: Document) -> None:
    assert {"Problem", "FieldProblem"} <= merged["components"]["schemas"].keys()


def test_every_reference_leads_somewhere(merged: Document) -> None:
    components, found = merged["components"], list(references(merged))

    assert found
    assert all(name in components[section] for section, name in found)


def test_what_the_gateway_does_not_route_is_not_described(merged: Document) -> None:
    assert "/api/events/{event_id}/internal" not in merged["paths"]
    assert "events.Internal" not in merged["components"]["schemas"]


def test_a_service_describes_its_own_paths_only() -> None:
    merged = merge({"content": events_app().openapi()}, ROUTES, head=HEAD)

    assert merged["paths"] == {}


def test_operations_have_names_of_their_own(merged: Document) -> None:
    names = [operation["operationId"] for operation in operations(merged)]

    assert len(names) == len(set(names)) == 5 + 1


def test_credentials_are_those_that_the_gateway_asks_for(merged: Document) -> None:
    paths = merged["paths"]

    assert paths["/api/events"]["get"]["security"] == [{"AccessToken": []}]
    assert paths["/api/events/rsvp"]["get"]["security"] == [{"GuestToken": []}]
    assert paths["/api/events/{event_id}/rsvps"]["post"]["security"] == [{}, {"AccessToken": []}]


def test_a_moved_path_is_described_as_deprecated(merged: Document) -> None:
    moved = merged["paths"]["/api/events/{event_id}/send-invitations"]["post"]

    assert moved["deprecated"]
    assert "/api/notifications/{event_id}/send-invitations" in moved["description"]
    assert not merged["paths"]["/api/notifications/{event_id}/send-invitations"]["post"].get(
        "deprecated"
    )


def test_tags_are_in_the_order_of_the_services(merged: Document) -> None:
    assert [tag["name"] for tag in merged["tags"]] == ["Events", "Notifications"]


def test_every_operation_tells_that_it_is_limited(merged: Document) -> None:
    assert operations(merged)
    for operation in operations(merged):
        refusal = operation["responses"]["429"]
        assert refusal["x-codes"] == ["quota-exceeded"]
        assert set(refusal["headers"]) == {"Retry-After", "RateLimit", "RateLimit-Policy"}


def test_what_a_service_says_of_its_own_limits_stays() -> None:
    own = {"429": {"description": "`tired`: It is late.", "x-codes": ["tired"]}}

    refusal = with_refusal(own, RouteClass.WRITE)["429"]

    assert refusal["x-codes"] == ["quota-exceeded", "tired"]
    assert refusal["description"].endswith("`tired`: It is late.")
    assert with_refusal({}, RouteClass.PROBE) == {}
