"""Secrets in rows are sealed: AES-256-GCM with the key's id in front (NIST SP 800-38D)."""

import os
from base64 import b64decode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

from stitch_common.settings import Keyring

KEY_BYTES = 32
NONCE_BYTES = 12
SEPARATOR = b":"


class UnsealError(Exception):
    """No configured key opens this, or it was tampered with or moved."""


class SealedBox:
    """Seals with the last key of the ring and opens with any of them."""

    def __init__(self, keyring: Keyring) -> None:
        self._keys = {key_id: AESGCM(_decoded(key)) for key_id, key in keyring.items()}
        self._current = list(self._keys)[-1]

    def seal(self, secret: bytes, context: str) -> bytes:
        """`context` binds the sealed value to its place, e.g. `signing-key:<kid>`."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._keys[self._current].encrypt(nonce, secret, context.encode())
        return self._current.encode() + SEPARATOR + nonce + sealed

    def open(self, sealed: bytes, context: str) -> bytes:
        """The secret; UnsealError if key, value or context are not those it was sealed with."""
        key_id, _, rest = sealed.partition(SEPARATOR)
        key = self._keys.get(key_id.decode(errors="replace"))
        if key is None:
            raise UnsealError
        try:
            return key.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], context.encode())
        except (InvalidTag, ValueError) as error:  # the latter for what was cut off
            raise UnsealError from error

    def is_current(self, sealed: bytes) -> bool:
        """Whether this is sealed with the key for new work; if not, it wants re-wrapping."""
        return sealed.partition(SEPARATOR)[0] == self._current.encode()


def _decoded(key: SecretStr) -> bytes:
    raw = b64decode(key.get_secret_value())
    if len(raw) != KEY_BYTES:
        message = f"a sealing key is {KEY_BYTES} bytes in base64"
        raise ValueError(message)
    return raw
