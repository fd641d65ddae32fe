"""The pages in a real browser: nothing for axe to find, nothing that the policy has to stop."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from fastapi import FastAPI
from playwright.async_api import Browser, async_playwright
from services.gateway.tests.backend import served
from services.gateway.tests.conftest import close
from services.gateway.tests.docs.test_merging import events_app, notifications_app

from stitch_common.clock import utc_now
from stitch_gateway.api import create_api
from stitch_gateway.runtime import GatewayRuntime
from stitch_gateway.settings import GatewaySettings

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="needs /usr/bin/chromium")


@pytest.fixture(scope="module")
async def browser() -> AsyncGenerator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture(scope="module")
async def site() -> AsyncGenerator[str]:
    apps: dict[str, FastAPI] = {"events": events_app(), "notifications": notifications_app()}
    async with served(apps["events"]) as events, served(apps["notifications"]) as notifications:
        settings = GatewaySettings(
            environment="dev", events_url=events, notifications_url=notifications
        )
        runtime = GatewayRuntime.of("gateway", settings, clock=utc_now)
        async with served(create_api(runtime)) as url:
            yield url
        await close(runtime)


LOOKS: list[tuple[str, int, Literal["light", "dark"]]] = [
    ("/", 390, "light"),
    ("/", 1280, "dark"),
    ("/docs", 390, "dark"),
    ("/docs", 1280, "light"),
    ("/no/such/page", 390, "light"),
]


@pytest.mark.parametrize(("path", "width", "scheme"), LOOKS)
async def test_everybody_can_use_the_page(
    browser: Browser, site: str, path: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    page = await browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    await page.goto(site + path)
    await page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")

    found = await Axe().run(page)

    assert found.violations_count == 0, found.generate_report()
    assert not [text for text in complaints if "Content Security Policy" in text]
    too_wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert await page.evaluate(too_wide) == 0
    await page.close()


async def test_an_operation_can_be_found_and_tried(browser: Browser, site: str) -> None:
    page = await browser.new_page()
    page.set_default_timeout(5000)
    await page.goto(f"{site}/docs#get-api-events-id")
    operation = page.locator("#get-api-events-id")

    await page.get_by_label("Find").fill("get {id}")
    await operation.get_by_label("id").fill("7")
    await operation.get_by_role("button", name="Send").click()

    await operation.locator(".result").wait_for()
    assert (await operation.locator(".outcome").inner_text()).startswith("401")
    assert '"not-authenticated"' in await operation.locator(".result").inner_text()
    assert await page.locator("details.operation:visible").count() == 1
    await page.close()
