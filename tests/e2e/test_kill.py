"""`kill -9` in the middle of the work: nothing lost, nothing twice."""

import os
import signal
import time
from collections import Counter
from pathlib import Path

import httpx
import pytest
from conftest import Stack
from journey import Mailbox, Person, eventually, unique
from test_main_job import invite, open_event

pytestmark = pytest.mark.e2e

GUESTS = 200
IN_FLIGHT = 16
"""At most so many messages are with the mail server when the process dies."""


def test_notifications_is_killed_while_it_delivers(stack: Stack) -> None:
    editor = Person(stack.gateway, **stack.user("editor"))
    mailbox = Mailbox(stack.mail)
    event = open_event(editor, guests=1000)
    domain = f"{unique('kill')}.example.org"
    guests = [f"guest{n}@{domain}" for n in range(GUESTS)]
    invite(editor, event["id"], guests)

    eventually(lambda: len(delivered(mailbox, domain)) > 20)
    killed_at = kill(stack, "notifications")
    before = len(delivered(mailbox, domain))
    eventually(lambda: len(delivered(mailbox, domain)) >= GUESTS, within=90)
    time.sleep(2)

    mails = Counter(to for to, _ in delivered(mailbox, domain))
    assert killed_at > 0
    assert before < GUESTS, "it was over before the kill: nothing was shown"
    assert set(mails) == set(guests)
    assert set(mails.values()) == {1}
    repeats = sum(times - 1 for _, times in delivered(mailbox, domain))
    assert repeats <= IN_FLIGHT
