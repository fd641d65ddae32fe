"""When two spellings are the same name, and how preferences change."""

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

MAX_PREFERENCES = 16 * 1024


def username_key(username: str) -> str:
    """What identifies a username: case and compatibility variants are the same."""
    return _folded(username)


def email_key(email: str) -> str:
    """What identifies an address: case variants, and the domain in either spelling."""
    local, _, domain = email.strip().rpartition("@")
    return f"{_folded(local)}@{_ascii(_folded(domain))}"


def search_words(search: str) -> str:
    """A PostgreSQL tsquery that finds every word of this text by its beginning; "" for none."""
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", search).lower())
    return " & ".join(f"'{word}':*" for word in words)


def merged(stored: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON merge patch applied (RFC 7396): null removes, objects merge, the rest replaces."""
    result = {name: value for name, value in stored.items() if name not in patch}
    for name, value in patch.items():
        if isinstance(value, dict):
            inner = stored.get(name)
            result[name] = merged(inner if isinstance(inner, dict) else {}, value)
        elif value is not None:
            result[name] = value
    return result


def fits(preferences: Mapping[str, Any]) -> bool:
    return len(json.dumps(preferences)) <= MAX_PREFERENCES


def _folded(text: str) -> str:
    # Twice, because folding can undo the normalisation (Unicode 16, D145).
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", folded).strip()


def _ascii(domain: str) -> str:
    try:
        return domain.encode("idna").decode()
    except UnicodeError:
        return domain
