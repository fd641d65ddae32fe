"""From nothing to a guest's answer, through every real part."""

import asyncio

import nats
import pytest
from tests.e2e.journey import Mailbox, Person, eventually, invite, link_in, open_event, unique
from tests.e2e.running_stack import Stack

pytestmark = pytest.mark.e2e

SUBJECTS = {
    "stitch.events.event.created.v1",
    "stitch.events.event.published.v1",
    "stitch.notifications.invitations.requested.v1",
    "stitch.events.guest.invited.v1",
    "stitch.events.rsvp.updated.v1",
    "stitch.notifications.email.sent.v1",
}


def test_somebody_registers_verifies_and_logs_in(stack: Stack, mailbox: Mailbox) -> None:
    name = unique("ada")
    address = f"{name}@example.org"
    password = "correct horse battery staple 42"

    registered = stack.gateway.post(
        "/api/auth/register",
        json={"email": address, "username": name, "password": password, "full_name": "Ada L."},
    )
    assert registered.status_code == 202, registered.text
    mail = mailbox.wait_for(address, "")
    link = link_in(mail, "/verify-email/")
    looked = stack.gateway.get(link)
    assert looked.status_code == 200
    confirmed = stack.gateway.post("/api/auth/verify-email", json={"token": link.rsplit("/", 1)[1]})
    assert confirmed.is_success, confirmed.text

    ada = Person(stack.gateway, address, password)

    assert ada.token["token_type"].lower() == "bearer"
    assert "refresh_token" not in ada.token
    assert ada.get("/api/auth/me").json()["username"] == name


def test_a_guest_answers_and_the_organiser_sees_it(
    stack: Stack, mailbox: Mailbox, editor: Person
) -> None:
    event = open_event(editor)
    guests = [f"{unique('guest')}@example.org" for _ in range(3)]

    batch = invite(editor, event["id"], guests)
    assert batch["queued"] == 3
    mails = [mailbox.wait_for(guest, event["title"]) for guest in guests]
    links = [link_in(mail, "/rsvp/") for mail in mails]
    assert len(set(links)) == 3
    page = stack.gateway.get(links[0])
    assert page.status_code == 200
    assert "viewport" in page.text
    token = links[0].rsplit("/", 1)[1]
    answered = stack.gateway.put(
        "/api/events/rsvp",
        json={"status": "accepted", "guest_count": 2, "dietary_restrictions": "No nuts, please"},
        headers={"authorization": f"RSVP {token}"},
    )
    assert answered.status_code == 200, answered.text

    seen = editor.get(f"/api/events/{event['id']}").json()
    rsvp = next(r for r in seen["rsvps"] if r["email"] == guests[0])
    assert (rsvp["status"], rsvp["guest_count"]) == ("accepted", 2)
    assert rsvp["dietary_restrictions"] == "No nuts, please"
    listed = editor.get("/api/events", search=event["title"]).json()[0]
    assert (listed["total_rsvps"], listed["accepted_rsvps"], listed["seats_taken"]) == (3, 1, 2)

    def confirmation() -> bool:
        sent = editor.get(f"/api/notifications/{event['id']}/communications").json()
        return any(
            c["type"] == "confirmation"
            and c["recipient_email"] == guests[0]
            and c["delivery_status"] == "sent"
            for c in sent
        )

    assert eventually(confirmation)
    assert len(mailbox.to(guests[0])) == 2


def test_the_facts_of_the_main_job_are_on_the_stream(stack: Stack) -> None:
    found = asyncio.run(subjects_of(stack.nats_url))

    assert set(found) >= SUBJECTS
    assert all(count > 0 for count in found.values())


async def subjects_of(url: str) -> dict[str, int]:
    """How many messages the stream holds, by subject."""
    client = await nats.connect(url)
    try:
        info = await client.jetstream().stream_info("STITCH", subjects_filter="stitch.>")
        return dict(info.state.subjects or {})
    finally:
        await client.close()
