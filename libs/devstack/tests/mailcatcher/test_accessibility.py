"""The pages in a real browser: axe finds nothing, in both colour schemes and on a phone."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import uvicorn
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, async_playwright

from stitch_dev.mailcatcher.app import create_app
from stitch_dev.mailcatcher.mailbox import Mailbox
from stitch_dev.mailcatcher.traces import Span, Traces
from stitch_dev.ports import HOST, find_free

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")

Send = Callable[..., Awaitable[None]]


@pytest.fixture
async def address(mailbox: Mailbox, traces: Traces) -> AsyncIterator[str]:
    port = find_free()
    app = create_app(mailbox, traces)
    server = uvicorn.Server(uvicorn.Config(app, host=HOST, port=port, log_level="warning"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no Event for it
        await asyncio.sleep(0.01)
    yield f"http://{HOST}:{port}"
    server.should_exit = True
    await serving


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        chromium = playwright.chromium
        browser = await chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        await browser.close()


def span(*, is_error: bool) -> Span:
    return Span(
        trace_id="1" * 32,
        span_id="2" * 16,
        parent_id="",
        service="gateway",
        name="GET /api",
        kind="server",
        started_ns=1,
        ended_ns=2_000_000,
        is_error=is_error,
        attributes={"http.route": "/api"},
    )


async def test_axe_finds_nothing(
    send: Send, traces: Traces, address: str, browser: Browser
) -> None:
    await send(subject="Twice", message_id="<1@x>")
    await send(subject="Twice", message_id="<1@x>")
    traces.add([span(is_error=True)])
    found = []

    for scheme, width in (("light", 1280), ("dark", 390)):
        page = await browser.new_page(
            color_scheme="dark" if scheme == "dark" else "light",
            viewport={"width": width, "height": 800},
        )
        for path in (
            "/",
            "/?query=no",
            "/view/latest",
            "/view/latest?view=headers",
            "/traces",
            f"/traces/{'1' * 32}",
            "/view/gone",
        ):
            await page.goto(address + path)
            results = await Axe().run(page)
            found += [f"{scheme} {path}: {each['id']}" for each in results.response["violations"]]

    assert found == []


async def test_new_mails_appear_by_themselves_and_a_mail_runs_no_scripts(
    send: Send, address: str, browser: Browser
) -> None:
    page = await browser.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(address)

    await send(subject="Fresh")

    await page.get_by_text("Fresh").click()
    await page.frame_locator("iframe").get_by_text("Please come").wait_for()
    assert complaints == []
