"""The secrets of one developer's stack: made once, kept in a file that only he can read."""

import json
import secrets
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from stitch_dev import private_json

_KEY_BYTES = 32
_FIRST_KEY = "1"


class Secrets:
    """Makes what is asked for the first time, so that a new service needs no new file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._values: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}

    def text(self, name: str) -> str:
        """Random text, for example a database password."""
        return str(self._get(name, secrets.token_urlsafe(_KEY_BYTES)))

    def keyring(self, name: str) -> dict[str, str]:
        """Keys by id in base64, as `stitch_common.settings.Keyring` wants them."""
        key = b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
        return dict(self._get(name, {_FIRST_KEY: key}))

    def link_keys(self, purposes: Iterable[str]) -> dict[str, dict[str, str]]:
        """One ring a purpose, so that a service can make only the links that it should."""
        return {purpose: self.keyring(f"link:{purpose}") for purpose in purposes}

    def demo_password(self, role: str) -> str:
        """Give a password that can be typed: 72 random bits in three groups."""
        groups = (secrets.token_hex(3) for _ in range(3))
        return str(self._get(f"user:{role}", "-".join(groups)))

    def _get(self, name: str, fresh: Any) -> Any:
        if name not in self._values:
            self._values[name] = fresh
            private_json.write(self._path, self._values)
        return self._values[name]
