"""The environment of each service: its own settings and secrets, and nobody else's."""

import json
from collections.abc import Mapping

from stitch_dev.database import DATABASE
from stitch_dev.ports import HOST
from stitch_dev.services import Service, Surroundings

# Long enough for what is in hand on a laptop, short enough for somebody who pressed Ctrl-C.
_DRAIN = "PT1S"


def environment(service: Service, around: Surroundings) -> Mapping[str, str]:
    return {
        # What libraries expect of any process, and nothing of the developer's own shell.
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        **_common(service, around),
        **(_stored(service, around) if service.is_stored else {}),
        **_keys(service, around),
        **service.own(around),
    }


def _common(service: Service, around: Surroundings) -> Mapping[str, str]:
    ports = around.ports
    return {
        "STITCH_ENVIRONMENT": "dev",
        "STITCH_LISTEN_HOST": HOST,
        "STITCH_LISTEN_PORT": str(ports.api(service.offset)),
        "STITCH_OPS_PORT": str(ports.ops(service.offset)),
        "STITCH_PUBLIC_URL": ports.gateway_url,
        "STITCH_NATS_URL": ports.nats_url,
        "STITCH_JWKS_URL": f"http://{HOST}:{ports.api(1)}/api/auth/.well-known/jwks.json",
        "STITCH_OTLP_ENDPOINT": f"http://{HOST}:{ports.page}",
        "STITCH_DRAIN_NOTICE": "PT0S",
        "STITCH_DRAIN_TIMEOUT": _DRAIN,
    }


def _stored(service: Service, around: Surroundings) -> Mapping[str, str]:
    password = around.secrets.text(f"database:{service.name}")
    address = f"{HOST}:{around.ports.postgres}/{DATABASE}"
    return {
        "STITCH_DATABASE_URL": f"postgresql://{service.role}:{password}@{address}",
        "STITCH_CURSOR_KEY": around.secrets.text(f"cursor:{service.name}"),
    }


def _keys(service: Service, around: Surroundings) -> Mapping[str, str]:
    keys: dict[str, str] = {}
    if service.link_purposes:
        keys["STITCH_LINK_KEYS"] = json.dumps(around.secrets.link_keys(service.link_purposes))
    if service.seals:
        keys["STITCH_SECRET_KEYS"] = json.dumps(around.secrets.keyring(f"sealing:{service.name}"))
    return keys
