"""`/openapi.json` and `/docs`."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from stitch_gateway.docs.reading import sections
from stitch_gateway.docs.service import Reference, ReferenceService
from stitch_gateway.pages import page, render

CACHING = "public, no-cache"


class ReferenceRoutes:
    """Answers with the merged document, for programs and for people."""

    def __init__(self, references: ReferenceService) -> None:
        self._references = references
        self._page: tuple[str, str] = ("", "")

    async def document(self, request: Request) -> Response:
        reference = await self._references.get()
        headers = {"etag": reference.etag, "cache-control": CACHING}
        if request.headers.get("if-none-match") == reference.etag:
            return Response(status_code=304, headers=headers)
        return Response(reference.body, media_type="application/json", headers=headers)

    async def page(self, _request: Request) -> Response:
        reference = await self._references.get()
        etag, html = self._page
        if etag != reference.etag:
            html = await asyncio.to_thread(_render, reference)
            self._page = (reference.etag, html)
        return page(html)


def _render(reference: Reference) -> str:
    return render(
        "reference.html",
        info=reference.document["info"],
        missing=reference.missing,
        sections=sections(reference.document),
    )
