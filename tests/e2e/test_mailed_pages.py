"""Every page that a mail leads to can be used by everybody: nothing for axe to find."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, async_playwright
from tests.e2e.journey import Mailbox, Person, invite, link_in, open_event, unique
from tests.e2e.running_stack import Stack

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
PASSWORD = "correct horse battery staple 42"

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs /usr/bin/chromium"),
]


@pytest.fixture
async def browser() -> AsyncGenerator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


def link_to_verify(stack: Stack, mailbox: Mailbox) -> str:
    name = unique("ada")
    address = f"{name}@example.org"
    body = {"email": address, "username": name, "password": PASSWORD, "full_name": "Ada L."}
    stack.gateway.post("/api/auth/register", json=body).raise_for_status()
    return link_in(mailbox.wait_for(address, "Verify"), "/verify-email/")


def link_to_reset(stack: Stack, mailbox: Mailbox) -> str:
    # Not of who has just registered: strangers can cause one mail a minute to an address.
    viewer = Person(stack.gateway, **stack.user("viewer"))
    address = viewer.get("/api/auth/me").json()["email"]
    stack.gateway.post("/api/auth/password-reset", json={"email": address}).raise_for_status()
    return link_in(mailbox.wait_for(address, "password"), "/reset-password/")


def link_to_object(stack: Stack, mailbox: Mailbox) -> str:
    name = unique("eve")
    address = f"{name}@example.org"
    body = {"email": address, "username": name, "password": PASSWORD, "full_name": "Eve"}
    stack.gateway.post("/api/auth/register", json=body).raise_for_status()
    token = link_in(mailbox.wait_for(address, "Verify"), "/verify-email/").rpartition("/")[2]
    stack.gateway.post("/api/auth/verify-email", json={"token": token}).raise_for_status()
    eve = Person(stack.gateway, username=name, password=PASSWORD)
    changed = {"current_password": PASSWORD, "password": f"another {PASSWORD}"}
    eve.post("/api/auth/me/password", changed)
    return link_in(mailbox.wait_for(address, "password was changed"), "/not-me/")


def links_of_a_guest(mailbox: Mailbox, editor: Person) -> list[str]:
    event = open_event(editor)
    guest = f"{unique('guest')}@example.org"
    invite(editor, event["id"], [guest])
    mail = mailbox.wait_for(guest, event["title"])
    return [link_in(mail, "/rsvp/"), link_in(mail, "/api/notifications/unsubscribe/")]


async def test_nothing_is_in_anybodys_way_on_a_mailed_page(
    stack: Stack, mailbox: Mailbox, editor: Person, browser: Browser
) -> None:
    links = [
        link_to_verify(stack, mailbox),
        link_to_reset(stack, mailbox),
        link_to_object(stack, mailbox),
        *links_of_a_guest(mailbox, editor),
    ]

    for link in links:
        page = await browser.new_page(viewport={"width": 390, "height": 844})
        answer = await page.goto(link)
        found = await Axe().run(page)

        assert answer is not None
        assert answer.headers["content-type"].startswith("text/html"), link
        assert found.violations_count == 0, found.generate_report()
