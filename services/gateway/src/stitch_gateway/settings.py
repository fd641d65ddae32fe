"""What the gateway needs to know."""

import re
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from stitch_gateway.limits.settings import LimitSettings

ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:\d{1,5})?|https?://\[[0-9a-f:]+\](:\d{1,5})?")
DEV_ORIGINS = ("http://localhost:3000",)
DEV_MAIL_PAGE = "http://localhost:8025"


def _exact_origin(value: str) -> str:
    if not ORIGIN.fullmatch(value):
        message = "an origin is scheme://host[:port] in lower case: no path, no *, not null"
        raise ValueError(message)
    return value


def _base_url(value: str) -> str:
    return _exact_origin(value.rstrip("/"))


def _base_urls(value: str) -> str:
    return ",".join(_base_url(url.strip()) for url in value.split(","))


Origin = Annotated[str, AfterValidator(_exact_origin)]
BaseURL = Annotated[str, AfterValidator(_base_url)]
BaseURLs = Annotated[str, AfterValidator(_base_urls)]
"""One or several, with commas between them; each name may stand for several addresses."""


class GatewaySettings(LimitSettings):
    """Addresses, limits of patience, and who may call from a browser."""

    public_url: BaseURL = "http://localhost:8000"
    auth_url: BaseURLs = "http://127.0.0.1:8001"
    content_url: BaseURLs = "http://127.0.0.1:8002"
    events_url: BaseURLs = "http://127.0.0.1:8003"
    notifications_url: BaseURLs = "http://127.0.0.1:8004"
    ai_url: BaseURLs = "http://127.0.0.1:8005"

    cors_origins: tuple[Origin, ...] | None = None
    """Frontends that browsers may call from; unset: `http://localhost:3000` in dev, else none."""
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    """Whose `X-Forwarded-For` tells the client's address; anybody else's is ignored."""
    mail_page_url: str | None = None
    """Linked from the landing page; unset: the mail catcher in dev, else none."""

    upstream_connections: int = Field(default=1000, ge=1)
    """To each address of a service; an open stream holds one."""
    connect_timeout: timedelta = timedelta(seconds=2)

    @model_validator(mode="after")
    def _fill_in_for_dev(self) -> Self:
        is_dev = self.environment == "dev"
        if self.cors_origins is None:
            self.cors_origins = DEV_ORIGINS if is_dev else ()
        if self.mail_page_url is None and is_dev:
            self.mail_page_url = DEV_MAIL_PAGE
        return self

    @property
    def allowed_origins(self) -> frozenset[str]:
        return frozenset(self.cors_origins or ())

    @property
    def upstream_urls(self) -> dict[str, tuple[str, ...]]:
        """Where each service listens, by its name."""
        return {
            "auth": tuple(self.auth_url.split(",")),
            "content": tuple(self.content_url.split(",")),
            "events": tuple(self.events_url.split(",")),
            "notifications": tuple(self.notifications_url.split(",")),
            "ai": tuple(self.ai_url.split(",")),
        }
