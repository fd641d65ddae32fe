"""The AsyncAPI document tells of every fact, and every reference in it leads somewhere."""

import json
from collections.abc import Iterator
from typing import Any

from stitch_common.contracts import all_facts
from stitch_common.contracts.generate import ASYNCAPI

DOCUMENT = json.loads(ASYNCAPI.read_text())


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for name, value in part.items():
            if name == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(part, list):
        for each in part:
            yield from references(each)


def resolve(reference: str) -> Any:
    found = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


def test_every_fact_has_its_channel_and_somebody_who_sends_it() -> None:
    addresses = {channel["address"] for channel in DOCUMENT["channels"].values()}
    sent = {
        operation["channel"]["$ref"].rpartition("/")[2]
        for operation in DOCUMENT["operations"].values()
        if operation["action"] == "send"
    }

    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert addresses == set(all_facts())
    assert sent == set(DOCUMENT["channels"])


def test_every_reference_leads_somewhere() -> None:
    found = set(references(DOCUMENT))

    assert found
    assert all(resolve(reference) for reference in found)


def test_who_makes_guests_of_invitations_is_known() -> None:
    assert "events-receives-InvitationsRequested" in DOCUMENT["operations"]
