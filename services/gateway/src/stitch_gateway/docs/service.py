"""The merged document: fetched when somebody asks, kept for a while, honest about who is away."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

import structlog

from stitch_common.clock import Clock
from stitch_common.errors import StitchError
from stitch_gateway.docs.merging import Document, merge
from stitch_gateway.proxying.upstream import Upstream, UpstreamRequest
from stitch_gateway.routing.table import ROUTES

DOCUMENT = b"/openapi.json"
ASKED = [(b"accept", b"application/json")]
FOUND = 200
PATIENCE = 1.8
"""Seconds for all services together: a dead one must not cost the reader more than two."""
MAX_DOCUMENT = 4 * 1024 * 1024
KEPT = timedelta(minutes=1)
KEPT_INCOMPLETE = timedelta(seconds=3)

log = structlog.get_logger(__name__)


class UnusableDocumentError(Exception):
    """A service's answer is not an OpenAPI document of a reasonable size."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What the API is at the moment."""

    document: Document
    missing: tuple[str, ...]
    """Services that did not describe themselves."""
    body: bytes
    etag: str


class ReferenceService:
    """Keeps the merged document."""

    def __init__(self, upstreams: Mapping[str, Upstream], clock: Clock, *, public_url: str) -> None:
        self._upstreams = upstreams
        self._clock = clock
        self._public_url = public_url
        self._reference: Reference | None = None
        self._good_until: datetime | None = None
        self._merging = asyncio.Lock()

    async def get(self) -> Reference:
        """The document, at most a minute old; while somebody is missing, three seconds."""
        async with self._merging:
            now = self._clock()
            if self._reference is None or self._good_until is None or now >= self._good_until:
                self._reference = await self._merge()
                kept = KEPT_INCOMPLETE if self._reference.missing else KEPT
                self._good_until = self._clock() + kept
            return self._reference

    async def _merge(self) -> Reference:
        found = await asyncio.gather(*(self._fetch(name) for name in self._upstreams))
        documents = {
            name: document
            for name, document in zip(self._upstreams, found, strict=True)
            if document is not None
        }
        missing = tuple(name for name in self._upstreams if name not in documents)
        document = merge(documents, ROUTES, head=self._head(missing))
        body = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
        return Reference(document, missing, body, f'"{sha256(body).hexdigest()[:32]}"')

    async def _fetch(self, service: str) -> Document | None:
        try:
            async with asyncio.timeout(PATIENCE):
                return await _read(self._upstreams[service])
        except (StitchError, TimeoutError, UnusableDocumentError, ValueError) as error:
            log.warning("no_api_document", upstream=service, error=type(error).__name__)
            return None

    def _head(self, missing: tuple[str, ...]) -> Document:
        absent = f"\n\nNot answering at the moment, so left out: {', '.join(missing)}."
        return {
            "openapi": "3.1.0",
            "info": {
                "title": "Stitch",
                "version": "1",
                "summary": "Content, events and invitations.",
                "description": DESCRIPTION + (absent if missing else ""),
                "x-missing-services": list(missing),
            },
            "servers": [{"url": self._public_url}],
        }


async def _read(upstream: Upstream) -> Document:
    """From whichever of its addresses is well."""
    request = UpstreamRequest("GET", DOCUMENT, ASKED, PATIENCE)
    body = bytearray()
    async with upstream.exchange(request) as answer:
        if answer.status != FOUND:
            raise UnusableDocumentError
        async for chunk in answer.chunks():
            body += chunk
            if len(body) > MAX_DOCUMENT:
                raise UnusableDocumentError
    document = json.loads(body)
    if not isinstance(document, dict) or not isinstance(document.get("paths"), dict):
        raise UnusableDocumentError
    return document


DESCRIPTION = (
    "Bodies are JSON in `snake_case`, times RFC 3339, errors RFC 9457 problems with a stable "
    "`code` and the `request_id` that our logs know. Lists are arrays with a `Link` to the next "
    "page. Send `If-Match` with the `ETag` you read, and `Idempotency-Key` with what must happen "
    "once."
)
