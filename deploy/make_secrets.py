#!/usr/bin/env python3
"""Secrets for a deployment: `env` makes .env for docker compose, `kubernetes` Secrets from it."""

import json
import secrets
import sys
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / ".env.example"
ENV = ROOT / ".env"
STORED_SERVICES = ("auth", "content", "events", "notifications", "ai")

SECRETS: Mapping[str, Mapping[str, str]] = {
    "auth": {
        "cursor-key": "AUTH_CURSOR_KEY",
        "secret-keys": "AUTH_SECRET_KEYS",
        "password-peppers": "AUTH_PASSWORD_PEPPERS",
        "admin-password": "ADMIN_PASSWORD",
    },
    "content": {"cursor-key": "CONTENT_CURSOR_KEY", "secret-keys": "CONTENT_SECRET_KEYS"},
    "events": {"cursor-key": "EVENTS_CURSOR_KEY"},
    "notifications": {"cursor-key": "NOTIFICATIONS_CURSOR_KEY"},
    "ai": {"cursor-key": "AI_CURSOR_KEY"},
    "link-keys": {
        "rsvp": "RSVP_LINK_KEYS",
        "verify-email": "VERIFY_EMAIL_LINK_KEYS",
        "reset-password": "RESET_PASSWORD_LINK_KEYS",
        "not-me": "NOT_ME_LINK_KEYS",
        "unsubscribe": "UNSUBSCRIBE_LINK_KEYS",
    },
    "nats": {"password": "NATS_PASSWORD"},
    "grafana": {"password": "GRAFANA_PASSWORD"},
}
"""Each Secret of deploy/k8s, its keys, and the name in .env whose value they have."""


def read(text: str) -> dict[str, str]:
    """The values of a .env file as this program writes it."""
    lines = (line.strip() for line in text.splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value.strip("'") for name, _, value in pairs}


def fresh(name: str) -> str:
    """A new secret; a name in the plural wants a keyring."""
    if name.endswith(("_KEYS", "_PEPPERS")):
        return json.dumps({"1": b64encode(secrets.token_bytes(32)).decode()})
    # A letter in front: nats-server takes digits in front for a number.
    return f"s{secrets.token_hex(24)}"


def filled(example: str, present: Mapping[str, str]) -> str:
    """The example with all values: those that are present stay, whatever is empty is made."""
    lines = []
    for line in example.splitlines():
        name, equals, default = line.partition("=")
        if equals and not line.startswith("#"):
            value = present.get(name) or default or fresh(name)
            lines.append(f"{name}='{value}'" if '"' in value else f"{name}={value}")
        else:
            lines.append(line)
    strangers = [
        f"{name}='{value}'" for name, value in present.items() if name not in read(example)
    ]
    return "\n".join([*lines, *strangers, ""])


def kubernetes(values: Mapping[str, str]) -> dict[str, object]:
    """All Secrets that deploy/k8s refers to, as one List for `kubectl apply --filename -`."""
    roles = {
        f"{name}-database": {
            "username": f"stitch_{name}",
            "password": values[f"{name.upper()}_DATABASE_PASSWORD"],
        }
        for name in STORED_SERVICES
    }
    others = {
        secret: {key: values[name] for key, name in keys.items()}
        for secret, keys in SECRETS.items()
    }
    # Or CloudNativePG would not set a changed password.
    watched = {"cnpg.io/reload": "true"}
    items = [
        *(
            _secret(name, data, "kubernetes.io/basic-auth", labels=watched)
            for name, data in roles.items()
        ),
        *(_secret(name, data, "Opaque") for name, data in others.items()),
    ]
    return {"apiVersion": "v1", "kind": "List", "items": items}


def _secret(
    name: str, data: Mapping[str, str], kind: str, *, labels: Mapping[str, str] | None = None
) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": "stitch", "labels": dict(labels or {})},
        "type": kind,
        "stringData": dict(data),
    }


def write_env() -> None:
    present = read(ENV.read_text()) if ENV.exists() else {}
    ENV.touch(mode=0o600)
    ENV.write_text(filled(EXAMPLE.read_text(), present))


def main(argv: list[str]) -> None:
    match argv:
        case ["env"]:
            write_env()
        case ["kubernetes"] if ENV.exists():
            json.dump(kubernetes(read(ENV.read_text())), sys.stdout, indent=2)
        case ["kubernetes"]:
            sys.exit("There is no .env yet: make it with `env` first.")
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
