"""The services as data: where each listens and what it alone must know."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stitch_dev.demo import bootstrap_users
from stitch_dev.errors import StackError
from stitch_dev.ports import HOST
from stitch_dev.secrets_file import Secrets
from stitch_dev.settings import Ports

Environment = Mapping[str, str]


@dataclass(frozen=True)
class Surroundings:
    """What the environment of a service is made from."""

    ports: Ports
    secrets: Secrets


def _nothing(around: Surroundings) -> Environment:
    del around
    return {}


@dataclass(frozen=True)
class Service:
    name: str
    offset: int
    """Its port is the gateway's plus this."""
    is_stored: bool = True
    """It has a schema and a database role of its own."""
    link_purposes: tuple[str, ...] = ()
    """The mailed links that it makes or checks; it gets no other keys."""
    seals: bool = False
    """It keeps secrets in rows."""
    own: Callable[[Surroundings], Environment] = _nothing

    @property
    def module(self) -> str:
        return f"stitch_{self.name}"

    @property
    def role(self) -> str:
        return f"stitch_{self.name}"


def _gateway(around: Surroundings) -> Environment:
    addresses = {
        f"STITCH_{service.name.upper()}_URL": f"http://{HOST}:{around.ports.api(service.offset)}"
        for service in SERVICES
        if service.is_stored
    }
    return {**addresses, "STITCH_MAIL_PAGE_URL": around.ports.page_url}


def _auth(around: Surroundings) -> Environment:
    return {
        "STITCH_PASSWORD_PEPPERS": json.dumps(around.secrets.keyring("password-peppers")),
        "STITCH_BOOTSTRAP_USERS": json.dumps(bootstrap_users(around.secrets)),
    }


def _notifications(around: Surroundings) -> Environment:
    return {"STITCH_SMTP_HOST": HOST, "STITCH_SMTP_PORT": str(around.ports.smtp)}


SERVICES = (
    Service("gateway", 0, is_stored=False, own=_gateway),
    Service(
        "auth",
        1,
        link_purposes=("verify-email", "reset-password", "not-me"),
        seals=True,
        own=_auth,
    ),
    Service("content", 2, seals=True),
    Service("events", 3, link_purposes=("rsvp",)),
    Service(
        "notifications",
        4,
        link_purposes=("rsvp", "verify-email", "reset-password", "not-me", "unsubscribe"),
        own=_notifications,
    ),
    Service("ai", 5),
)


def chosen(names: str) -> tuple[Service, ...]:
    """Give the services with these names, separated by commas; without names, all."""
    wanted = {name.strip() for name in names.split(",") if name.strip()}
    unknown = wanted - {service.name for service in SERVICES}
    if unknown:
        raise StackError(f"There is no service {', '.join(sorted(unknown))}.")
    return tuple(service for service in SERVICES if not wanted or service.name in wanted)
