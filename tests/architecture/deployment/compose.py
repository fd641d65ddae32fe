"""docker-compose.yml as compose would take it, with the values of a fresh .env."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml
from tests.architecture.deployment.cluster import ROOT
from tests.architecture.deployment.secrets_made import fresh_env

VARIABLE = re.compile(r"\$\{(?P<name>[A-Z_]+)(?::(?P<how>[-?])(?P<rest>[^}]*))?\}")


class NotSetError(Exception):
    """Compose would refuse to start: a variable has no value."""


def interpolate(node: Any, values: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {key: interpolate(child, values) for key, child in node.items()}
    if isinstance(node, list):
        return [interpolate(child, values) for child in node]
    if isinstance(node, str):
        return VARIABLE.sub(lambda found: _value(found, values), node)
    return node


def _value(found: re.Match[str], values: Mapping[str, str]) -> str:
    if value := values.get(found["name"]):
        return value
    if found["how"] == "-":
        return found["rest"]
    raise NotSetError(found["name"])


def text() -> str:
    return (ROOT / "docker-compose.yml").read_text()


@cache
def compose() -> dict[str, Any]:
    found: dict[str, Any] = interpolate(yaml.safe_load(text()), fresh_env())
    return found
