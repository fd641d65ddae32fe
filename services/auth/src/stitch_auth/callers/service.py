"""The caller of the request in hand, as a dependency of routes."""

from typing import Annotated

from fastapi import Depends, Request

from stitch_auth.callers.models import Caller
from stitch_auth.callers.rules import client_address
from stitch_auth.settings import AuthSettings

MAX_USER_AGENT = 300
DEVICE_COOKIE = "__Host-stitch-device"
LOCAL_DEVICE_COOKIE = "stitch-device"
"""As for the refresh cookie: over plain HTTP browsers refuse the other name."""


async def current_caller(request: Request) -> Caller:
    settings: AuthSettings = request.app.state.runtime.settings
    peer = request.client.host if request.client else None
    forwarded = request.headers.getlist("x-forwarded-for")
    return Caller(
        address=client_address(peer, ",".join(forwarded), settings.trusted_proxies),
        user_agent=_printable(request.headers.get("user-agent", "")),
        device_mark=request.cookies.get(device_cookie(settings), ""),
    )


def device_cookie(settings: AuthSettings) -> str:
    """What the mark of a known device is called."""
    return LOCAL_DEVICE_COOKIE if settings.is_local else DEVICE_COOKIE


CurrentCaller = Annotated[Caller, Depends(current_caller)]


def _printable(text: str) -> str:
    return "".join(char for char in text[:MAX_USER_AGENT] if char.isprintable())
