"""Sending invitations over HTTP: who may, what is answered, what is asked of events."""

from typing import Any

import httpx
import pytest
from services.notifications.tests.factories import EVENT_ID, invited, published, registered
from sqlalchemy import text

from stitch_common.contracts.notifications import InvitationsRequested
from stitch_common.database import Database
from stitch_common.testing.clock import NOW
from stitch_notifications.audience.service import Audience

URL = f"/api/notifications/{EVENT_ID}/send-invitations"


@pytest.fixture(autouse=True)
async def event(database: Database) -> None:
    async with database.transaction() as session:
        await Audience(session).learn_events([published()])


async def requested(database: Database) -> list[InvitationsRequested]:
    async with database.transaction() as session:
        query = "select payload from notifications.outbox order by id"
        payloads = (await session.execute(text(query))).scalars()
        return [InvitationsRequested.model_validate_json(payload) for payload in payloads]


async def test_an_editor_invites_and_can_follow_the_batch(
    client: httpx.AsyncClient, editor: dict[str, str], database: Database
) -> None:
    body = {"recipients": [{"email": " Ada@Example.com", "name": "Ada"}], "template_id": 1}

    answer = await client.post(URL, json=body, headers=editor)

    assert answer.status_code == 202
    assert (answer.json()["queued"], answer.json()["skipped"]) == (1, [])
    assert answer.json()["message"] == "1 invitation is on the way."
    [fact] = await requested(database)
    assert [one.email for one in fact.recipients] == ["Ada@example.com"]
    assert (fact.event_id, fact.template_id, fact.requested_by) == (EVENT_ID, 1, 2)
    batch = await client.get(answer.headers["location"], headers=editor)
    assert batch.json()["batch_id"] == fact.batch_id == answer.json()["batch_id"]
    assert (batch.json()["queued"], batch.json()["waiting"]) == (1, 1)
    assert batch.json()["is_complete"] is False
    assert batch.headers["etag"] == '"v1"'


async def test_a_bare_list_of_addresses_is_understood(
    client: httpx.AsyncClient, editor: dict[str, str], database: Database
) -> None:
    answer = await client.post(URL, json=["a@x.com", "b@x.com"], headers=editor)

    assert (answer.status_code, answer.json()["queued"]) == (202, 2)
    assert len((await requested(database))[0].recipients) == 2


async def test_a_dry_run_says_what_would_happen_and_does_nothing(
    client: httpx.AsyncClient, editor: dict[str, str], database: Database
) -> None:
    body = {"recipient_emails": ["a@x.com", "A@x.com"], "dry_run": True}

    answer = await client.post(URL, json=body, headers=editor)

    assert (answer.json()["batch_id"], answer.json()["queued"]) == (None, 1)
    assert answer.json()["skipped"] == [{"email": "A@x.com", "reason": "duplicate"}]
    assert answer.json()["message"] == "1 invitation would be sent, 1 skipped."
    assert await requested(database) == []


async def test_guests_on_the_list_are_skipped_unless_they_are_asked_again(
    client: httpx.AsyncClient, editor: dict[str, str], database: Database
) -> None:
    async with database.transaction() as session:
        guests = [invited(1, email="Old@x.com"), invited(2, email="yes@x.com", status="accepted")]
        await Audience(session).learn_guests(guests)
    emails = ["old@x.com", "yes@x.com", "new@x.com"]

    first = await client.post(URL, json={"recipient_emails": emails}, headers=editor)
    again = await client.post(
        URL, json={"recipient_emails": emails, "resend": True}, headers=editor
    )

    assert [one["reason"] for one in first.json()["skipped"]] == ["already_invited"] * 2
    assert again.json()["skipped"] == [{"email": "yes@x.com", "reason": "already_answered"}]
    assert [fact.resend for fact in await requested(database)] == [False, True]


async def test_a_guest_whom_an_editor_has_put_on_the_list_is_invited(
    client: httpx.AsyncClient, editor: dict[str, str], database: Database
) -> None:
    async with database.transaction() as session:
        added = registered(1, email="added@x.com", needs_confirmation=False)
        of_the_past = registered(2, email="past@x.com", invitation=None)
        waiting = registered(3, email="waits@x.com", awaits_approval=True)
        await Audience(session).learn_guests([added, of_the_past, waiting])

    people = ["added@x.com", "past@x.com", "waits@x.com"]
    answer = await client.post(URL, json=people, headers=editor)

    assert answer.json()["queued"] == 1
    assert answer.json()["skipped"] == [
        {"email": "past@x.com", "reason": "already_invited"},
        {"email": "waits@x.com", "reason": "already_answered"},
    ]


async def test_who_has_unsubscribed_is_skipped(
    client: httpx.AsyncClient, editor: dict[str, str], database: Database
) -> None:
    async with database.transaction() as session:
        insert = (
            "insert into notifications.suppressions (address, event_id, reason, created_at)"
            " values ('no@x.com', null, 'unsubscribed', now())"
        )
        await session.execute(text(insert))

    answer = await client.post(URL, json=["No@x.com"], headers=editor)

    assert answer.json()["skipped"] == [{"email": "No@x.com", "reason": "suppressed"}]


async def test_a_large_send_travels_in_parts_of_five_hundred(
    client: httpx.AsyncClient, editor: dict[str, str], database: Database
) -> None:
    emails = [f"guest{number}@x.com" for number in range(1001)]

    answer = await client.post(URL, json={"recipient_emails": emails}, headers=editor)

    facts = await requested(database)
    assert answer.json()["queued"] == 1001
    assert [(fact.part, len(fact.recipients)) for fact in facts] == [(0, 500), (1, 500), (2, 1)]
    assert {fact.batch_id for fact in facts} == {answer.json()["batch_id"]}


async def test_a_repeated_request_with_one_key_is_done_once(
    client: httpx.AsyncClient, editor: dict[str, str], database: Database
) -> None:
    headers = {**editor, "idempotency-key": "once"}

    first = await client.post(URL, json=["a@x.com"], headers=headers)
    second = await client.post(URL, json=["a@x.com"], headers=headers)

    assert second.json() == first.json()
    assert second.headers["idempotency-replayed"] == "true"
    assert len(await requested(database)) == 1


@pytest.mark.parametrize(
    ("event_id", "status", "code"),
    [
        # Nobody is there who could say that there is none (see audience/test_introductions.py).
        (99, 503, "event-not-known-yet"),
        (8, 409, "event-not-published"),
        (9, 409, "event-over"),
    ],
)
async def test_only_a_published_event_that_is_not_over_can_be_invited_to(
    client: httpx.AsyncClient,
    editor: dict[str, str],
    database: Database,
    event_id: int,
    status: int,
    code: str,
) -> None:
    async with database.transaction() as session:
        await Audience(session).learn_events(
            [published(8, status="draft"), published(9, start_date=NOW, end_date=NOW)]
        )

    answer = await client.post(
        f"/api/notifications/{event_id}/send-invitations", json=["a@x.com"], headers=editor
    )

    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"recipient_emails": ["a@x.com", "nonsense"]}, "/recipient_emails/1"),
        ({"recipients": [{"email": "nonsense"}]}, "/recipients/0/email"),
        (["nonsense"], "/recipient_emails/0"),
        ({"recipient_emails": ["a@x.com"], "template_id": 3}, "/template_id"),
        ({"recipient_emails": ["a@x.com"], "template_id": 99}, "/template_id"),
        ({}, ""),
        ([], ""),
    ],
)
async def test_a_body_that_can_not_be_used_is_refused_by_its_field(
    client: httpx.AsyncClient, editor: dict[str, str], body: Any, pointer: str
) -> None:
    answer = await client.post(URL, json=body, headers=editor)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_viewers_and_strangers_can_not_invite(
    client: httpx.AsyncClient, viewer: dict[str, str]
) -> None:
    anonymous = await client.post(URL, json=["a@x.com"])
    as_viewer = await client.post(URL, json=["a@x.com"], headers=viewer)

    assert (anonymous.status_code, as_viewer.status_code) == (401, 403)


async def test_an_unknown_batch_is_not_found(
    client: httpx.AsyncClient, editor: dict[str, str], viewer: dict[str, str]
) -> None:
    url = "/api/notifications/batches/0193a0a0-0000-7000-8000-000000000000"

    assert (await client.get(url, headers=editor)).json()["code"] == "batch-not-found"
    assert (await client.get(url, headers=viewer)).status_code == 403
