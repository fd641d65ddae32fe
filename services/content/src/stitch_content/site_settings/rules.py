"""Pure decisions about settings: what is secret, how it is masked, what a mask sent back means."""

import json
import re
from collections.abc import Iterator
from typing import Any

MASK = "********"
SITE_KEYS = (
    "site_title", "site_description", "site_logo", "site_favicon", "footer_text", "contact_email",
    "social_links", "theme_settings", "timezone", "default_locale",
)  # fmt: skip
"""The settings that make the site's configuration; everybody may read them."""

THEME = "theme_settings"
WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
SECRET_NAME = re.compile(r"(_|^api)keys?$|secret|token|password")


class MaskWithoutValueError(ValueError):
    """A mask stands where no secret has been stored; its argument is the RFC 6901 pointer."""


def is_secret(name: str) -> bool:
    """Whether what goes by this name is a secret, in any common spelling: `apiKey`, `api-key`."""
    snake = WORD_START.sub("_", name).lower().replace("-", "_")
    return SECRET_NAME.search(snake) is not None


def masked(key: str, value: Any) -> Any:
    """The value as people may see it; an empty secret shows that it is empty."""
    return value if key in SITE_KEYS else _masked(key, value)


def _masked(name: str, value: Any) -> Any:
    if is_secret(name):
        return MASK if value not in (None, "") else value
    if isinstance(value, dict):
        return {inner: _masked(inner, item) for inner, item in value.items()}
    if isinstance(value, list):
        return [_masked("", item) for item in value]
    return value


def holds_secret(key: str, value: Any) -> bool:
    """Whether the value must be sealed at rest."""
    return not is_same(masked(key, value), value)


def is_same(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON: to Python, true is 1."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def unmasked(key: str, value: Any, before: Any) -> Any:
    """The value with each mask replaced by the secret that it stood for; MaskWithoutValueError."""
    return value if key in SITE_KEYS else _unmasked(key, value, before, "")


def _unmasked(name: str, value: Any, before: Any, pointer: str) -> Any:
    if is_secret(name) and value == MASK:
        if before is None:
            raise MaskWithoutValueError(pointer)
        return before
    if isinstance(value, dict):
        return {
            inner: _unmasked(inner, item, _member(before, inner), f"{pointer}/{escaped(inner)}")
            for inner, item in value.items()
        }
    if isinstance(value, list):
        return [
            _unmasked("", item, _element(before, place), f"{pointer}/{place}")
            for place, item in enumerate(value)
        ]
    return value


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _element(value: Any, place: int) -> Any:
    return value[place] if isinstance(value, list) and place < len(value) else None


def escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def unstorable_numbers(value: Any, pointer: str = "") -> Iterator[str]:
    """Pointers to NaN and infinities, which Python's JSON has and PostgreSQL's has not."""
    if isinstance(value, float) and value - value != 0:
        yield pointer
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from unstorable_numbers(item, f"{pointer}/{escaped(name)}")
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from unstorable_numbers(item, f"{pointer}/{place}")
