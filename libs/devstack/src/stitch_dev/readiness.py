"""Wait until a program says that it is ready."""

import asyncio

import httpx

_PAUSE = 0.05
_PATIENCE = 2.0


async def wait_until_ready(client: httpx.AsyncClient, url: str) -> None:
    """Ask until the answer is 200; the caller sets the limit."""
    while await why_not_ready(client, url):  # noqa: ASYNC110 - another process sets no Event
        await asyncio.sleep(_PAUSE)


async def why_not_ready(client: httpx.AsyncClient, url: str) -> str:
    """Give the reason, empty when it is ready."""
    try:
        answer = await client.get(url, timeout=_PATIENCE)
    except httpx.HTTPError as error:
        return f"no answer ({type(error).__name__})"
    if answer.is_success:
        return ""
    return f"{answer.status_code} {' '.join(answer.text.split())[:300]}"
