"""Answers that caches may keep: validators, freshness, surrogate keys (RFC 9110 §8.8, RFC 9111)."""

from base64 import urlsafe_b64encode
from collections.abc import Iterable
from datetime import timedelta
from hashlib import sha256

from fastapi import Request, Response

DIGEST_BYTES = 18


def digest_tag(*parts: str) -> str:
    """A validator that changes with what is shown."""
    digest = sha256("\0".join(parts).encode()).digest()
    return f'"{urlsafe_b64encode(digest[:DIGEST_BYTES]).decode()}"'


def is_known(request: Request, tag: str) -> bool:
    """Whether the caller has this representation already (`If-None-Match`, weak comparison)."""
    given = ",".join(request.headers.getlist("if-none-match"))
    known = {candidate.strip().removeprefix("W/") for candidate in given.split(",")}
    return tag in known or known == {"*"}


def cacheable(
    request: Request, json: str, *, tag: str, max_age: timedelta, keys: Iterable[str] = ()
) -> Response:
    """The JSON with what caches need to know; `304` without it for those who have it."""
    headers = {"etag": tag, **freshness(max_age, keys)}
    if is_known(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(json, media_type="application/json", headers=headers)


def freshness(max_age: timedelta, keys: Iterable[str]) -> dict[str, str]:
    """`Surrogate-Key` lets a CDN drop exactly what has changed."""
    headers = {"cache-control": f"public, max-age={int(max_age.total_seconds())}"}
    if surrogate_key := " ".join(keys):
        headers["surrogate-key"] = surrogate_key
    return headers
