"""A small demo, made through the API like anybody else would, once."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import httpx

from stitch_common.clock import utc_now
from stitch_dev.demo import log_ins
from stitch_dev.services import Surroundings
from stitch_dev.settings import Home

_PATIENCE = 3.0


async def seed(
    client: httpx.AsyncClient, around: Surroundings, home: Home, say: Callable[[str], None]
) -> None:
    """Make it; a failure is said and does not stop the start."""
    try:
        await _make(client, around)
        home.mark_seeded()
    except (httpx.HTTPError, KeyError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        say(f"The demo content could not be made: {reason}")


async def _make(client: httpx.AsyncClient, around: Surroundings) -> None:
    editor = log_ins(around.secrets)["editor"]
    api = f"{around.ports.gateway_url}/api"
    log_in = await client.post(f"{api}/auth/token", data=editor, timeout=_PATIENCE)
    token = log_in.raise_for_status().json()["access_token"]
    async with httpx.AsyncClient(
        base_url=api,
        headers={"Authorization": f"Bearer {token}"},
        timeout=_PATIENCE,
        trust_env=False,
    ) as session:
        await _publish(session, "/events", _event(utc_now()))
        await _publish(session, "/content", _ARTICLE)


async def _publish(session: httpx.AsyncClient, path: str, body: dict[str, Any]) -> None:
    existing = await session.get(f"{path}/", params={"limit": 1})
    if existing.raise_for_status().json():
        return
    made = await session.post(f"{path}/", json=body)
    number = made.raise_for_status().json()["id"]
    published = await session.post(f"{path}/{number}/publish")
    published.raise_for_status()


def _event(now: datetime) -> dict[str, Any]:
    begins = (now + timedelta(days=30)).replace(hour=17, minute=0, second=0, microsecond=0)
    return {
        "title": "Summer party",
        "description": "Music, good food and the people behind Stitch, by the old mill.",
        "event_type": "party",
        "start_date": begins.isoformat(),
        "end_date": (begins + timedelta(hours=6)).isoformat(),
        "rsvp_deadline": (begins - timedelta(days=7)).isoformat(),
        "timezone": "Europe/Berlin",
        "location": "Old Mill, Riverside 4",
        "max_attendees": 80,
        "allow_guests": True,
        "max_party_size": 4,
    }


_ARTICLE = {
    "title": "Welcome to Stitch",
    "content_type": "article",
    "excerpt": "What you can do with this system in the first five minutes.",
    "body": (
        "<p>Stitch keeps your articles and your events in one place.</p>"
        "<p>Write something, publish it, then invite a few guests to an event: "
        "each gets a mail with a link of their own, and you see every answer as it comes.</p>"
    ),
    "tags": ["welcome"],
}
