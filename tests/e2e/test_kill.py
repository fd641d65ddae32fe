"""`kill -9` in the middle of the work: nothing lost, nothing twice."""

import subprocess
import sys
from collections import Counter
from dataclasses import dataclass

import pytest
from tests.e2e.journey import Mailbox, Person, eventually, invite, open_event, unique
from tests.e2e.running_stack import ROOT, Stack

pytestmark = pytest.mark.e2e

GUESTS = 200
IN_FLIGHT = 16
"""At most so many messages are with the mail server when the process dies."""


@dataclass(frozen=True, slots=True)
class Mail:
    """One message in a mailbox, and how often the mail server was handed it."""

    to: str
    message_id: str
    deliveries: int


def delivered(mailbox: Mailbox, domain: str) -> list[Mail]:
    return [
        Mail(m["To"][0]["Address"], m["MessageID"], m.get("Deliveries", 1))
        for m in mailbox.to(domain, limit=1000)
    ]


def kill(stack: Stack, service: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "stitch_dev", "kill", service],
        cwd=ROOT,
        env=stack.environment,
        check=True,
        timeout=20,
    )


def test_every_guest_has_one_mail_though_notifications_is_killed(
    stack: Stack, mailbox: Mailbox, editor: Person
) -> None:
    event = open_event(editor, guests=1000)
    domain = f"{unique('kill')}.example.org"
    guests = {f"guest{n}@{domain}" for n in range(GUESTS)}
    invite(editor, event["id"], sorted(guests))

    eventually(lambda: len(delivered(mailbox, domain)) > 20, within=60)
    kill(stack, "notifications")
    at_the_kill = len(delivered(mailbox, domain))
    eventually(lambda: len(delivered(mailbox, domain)) >= GUESTS, within=120)
    eventually(lambda: all_sent(editor, event["id"]), within=60)
    mails = delivered(mailbox, domain)

    assert at_the_kill < GUESTS, "all was over before the kill: nothing was shown"
    assert {mail.to for mail in mails} == guests
    messages = Counter(to for to, _ in {(mail.to, mail.message_id) for mail in mails})
    assert set(messages.values()) == {1}
    assert sum(mail.deliveries for mail in mails) <= GUESTS + IN_FLIGHT


def all_sent(editor: Person, event_id: int) -> bool:
    stats = editor.get(f"/api/notifications/{event_id}/notification-stats")
    return stats.is_success and bool(stats.json()["total_sent"] == GUESTS)
