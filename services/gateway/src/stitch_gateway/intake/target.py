"""Paths in the one form that the gateway and every service read alike (RFC 3986 §6.2.2)."""

import re
from urllib.parse import unquote_to_bytes

from stitch_gateway.intake.errors import AmbiguousPathError, TokenInQueryError

PLAIN = b"/ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
"""A path of nothing else needs no second look, but for empty segments."""
PATH = re.compile(rb"(?:/(?:[A-Za-z0-9._~!$&'()*+,=:@-]|%[0-9A-Fa-f]{2})+)*/?")
ENCODED = re.compile(r"%([0-9A-Fa-f]{2})")
UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_~")
TWO_FACED = frozenset({*map(chr, range(0x20)), "\x7f", "%", ".", "/", ";", "\\"})
"""Encoded, these mean one thing to some readers and another to others."""
QUERY = re.compile(rb"[\x21-\x7e]*")
TOKEN_IN_QUERY = re.compile(rb"(?:^|[&;])access_token(?:=|&|;|$)", re.IGNORECASE)


def normal_path(raw: bytes) -> str:
    """The path without a trailing slash, in plain form; AmbiguousPathError if it has none."""
    if not raw.startswith(b"/") or not (_is_plain(raw) or PATH.fullmatch(raw)):
        raise AmbiguousPathError
    path = raw.decode("ascii")
    if "%" in path:
        path = ENCODED.sub(_plain, path)
        _expect_text(path)
    if "/." in path and {".", ".."} & set(path.split("/")):
        raise AmbiguousPathError
    return path.rstrip("/") or "/"


def _is_plain(raw: bytes) -> bool:
    return not raw.translate(None, PLAIN) and b"//" not in raw


def check_query(query: bytes) -> None:
    if not QUERY.fullmatch(query):
        raise AmbiguousPathError
    if b"token" in query.lower() and TOKEN_IN_QUERY.search(query):
        raise TokenInQueryError


def _plain(encoded: re.Match[str]) -> str:
    character = chr(int(encoded[1], 16))
    if character in TWO_FACED:
        raise AmbiguousPathError
    return character if character in UNRESERVED else encoded[0].upper()


def _expect_text(path: str) -> None:
    try:
        unquote_to_bytes(path).decode()
    except UnicodeDecodeError as error:
        raise AmbiguousPathError from error
