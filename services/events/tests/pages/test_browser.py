"""The pages in a real browser: axe finds nothing, nothing is blocked, and no script is needed."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from fastapi import FastAPI
from httpx import AsyncClient
from playwright.async_api import Browser, ViewportSize, async_playwright

from stitch_common.testing.serving import served

Headers = dict[str, str]
Make = Callable[..., Awaitable[dict[str, Any]]]
TokenOf = Callable[..., str]

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PHONE = ViewportSize(width=390, height=844)
Scheme = Literal["light", "dark"]
QUESTIONS = [
    {"label": "Menu?", "type": "choice", "options": ["Fish", "Vegan"], "required": True},
    "A song?",
]

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no browser at {CHROMIUM}")


@pytest.fixture
async def address(app: FastAPI) -> AsyncGenerator[str]:
    """Serve the pages on a port of their own."""
    async with served(app) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
async def browser() -> AsyncGenerator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
async def places(
    client: AsyncClient, editor: Headers, make_event: Make, add_guest: Make, token_of: TokenOf
) -> list[str]:
    """Every state that a page can be in."""
    event = await make_event(max_attendees=9, questions=QUESTIONS, guest_list_visible=True)
    full = await make_event(max_attendees=1, waitlist_enabled=True)
    cancelled = await make_event(title="Cancelled")
    guests = [
        await add_guest(event, f"{status}@example.com", status=status, name="Ada")
        for status in ("pending", "accepted", "maybe", "declined")
    ]
    guests += [await add_guest(full, f"{n}@example.com") for n in range(2)]
    guests.append(await add_guest(cancelled))
    await client.post(f"/api/events/{cancelled['id']}/cancel", headers=editor)
    pages = [f"/rsvp/{token_of(guest['id'])}" for guest in guests]
    public = [f"/e/{slug}" for slug in (event["slug"], full["slug"], cancelled["slug"])]
    return [
        *pages,
        f"{pages[0]}?saved=1&zone=Asia/Tokyo",
        *public,
        f"{public[0]}?sent=1",
        "/rsvp/x",
        "/e/x",
    ]


@pytest.mark.parametrize(
    ("scheme", "width", "part"),
    # In the dark only colours differ: some states show them all.
    [("light", 390, slice(None)), ("dark", 1280, slice(0, None, 3))],
)
async def test_axe_finds_nothing_and_the_policy_blocks_nothing(
    browser: Browser, address: str, places: list[str], scheme: Scheme, width: int, part: slice
) -> None:
    found: list[str] = []
    size = ViewportSize(width=width, height=844)
    page = await browser.new_page(viewport=size, color_scheme=scheme)
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("console", lambda said: found.append(said.text) if "Policy" in said.text else None)

    for place in places[part]:
        await page.goto(address + place)
        violations = (await Axe().run(page)).response["violations"]
        found += [f"{place[:8]}: {violation['id']}" for violation in violations]
        if await page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            found.append(f"{place[:8]}: too wide")

    await page.close()
    assert found == []


async def test_a_guest_accepts_on_a_phone_without_scripts(
    browser: Browser, address: str, make_event: Make, add_guest: Make, token_of: TokenOf
) -> None:
    guest = await add_guest(await make_event(questions=QUESTIONS), status="pending", name="Ada")
    context = await browser.new_context(java_script_enabled=False, viewport=PHONE)
    page = await context.new_page()
    await page.goto(f"{address}/rsvp/{token_of(guest['id'])}")

    await page.get_by_text("I’ll be there").click()  # noqa: RUF001 - the page's typography
    await page.get_by_text("2", exact=True).click()
    await page.get_by_label("Name of guest 2").fill("Charles")
    await page.get_by_label("Your dietary notes").fill("vegan")
    await page.get_by_role("button", name="Send my answer").click()
    await page.get_by_role("alert").get_by_text("Menu?").click()
    kept = await page.get_by_label("Name of guest 2").input_value()
    await page.get_by_label("Vegan").check()
    await page.get_by_role("button", name="Send my answer").click()

    assert kept == "Charles"
    await page.get_by_role("status").get_by_text("saved").wait_for()
    assert await page.get_by_text("2 seats are reserved for you.").is_visible()
    await context.close()


async def test_what_does_not_matter_is_out_of_sight(
    browser: Browser, address: str, make_event: Make, add_guest: Make, token_of: TokenOf
) -> None:
    guest = await add_guest(await make_event(), status="pending")
    page = await browser.new_page()
    await page.goto(f"{address}/rsvp/{token_of(guest['id'])}")
    names, notes = page.get_by_label("Name of guest"), page.get_by_label("Your dietary notes")

    alone = await names.count() and await names.first.is_visible()
    await page.get_by_role("radio", name="3", exact=True).check()
    of_three = [await name.is_visible() for name in await names.all()][:4]
    await page.get_by_role("radio", name="I can").check()

    assert (alone, of_three) == (False, [True, True, False, False])
    assert not await notes.is_visible()
    await page.close()


async def test_a_guest_abroad_reads_their_own_time(
    browser: Browser, address: str, make_event: Make, add_guest: Make, token_of: TokenOf
) -> None:
    path = f"{address}/rsvp/{token_of((await add_guest(await make_event()))['id'])}"
    line = "[data-zone]"

    abroad = await browser.new_page(timezone_id="Asia/Tokyo")
    await abroad.goto(path)
    there = await browser.new_page(timezone_id="Europe/Berlin")
    await there.goto(path)

    assert "Your time: Sunday 21 June, 01:00" in await abroad.locator(line).inner_text()
    assert not await there.locator(line).is_visible()
