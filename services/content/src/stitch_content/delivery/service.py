"""Use cases of the public: one item by its slug, and lists of them."""

from dataclasses import dataclass

from stitch_common.database import Database
from stitch_common.http.lists import Cursors, Page
from stitch_content.delivery.errors import NotPublishedError
from stitch_content.delivery.repository import DeliveryRepository, Live

SCOPE = "published"


@dataclass(frozen=True, slots=True)
class PublishedPage:
    """A page as JSON, the cursor of the next one, and the total if it was asked for."""

    json: str
    next_cursor: str | None
    total: int | None


class DeliveryService:
    """What is live."""

    def __init__(self, database: Database, cursors: Cursors) -> None:
        self._published = DeliveryRepository(database)
        self._cursors = cursors

    async def get(self, slug: str) -> Live:
        """What is live under this slug, or was before it moved; NotPublishedError."""
        live = await self._published.find(slug)
        if live is None:
            raise NotPublishedError
        return live

    async def list(self, content_type: str | None, tag: str | None, page: Page) -> PublishedPage:
        after = self._cursors.decode(SCOPE, page.cursor) if page.cursor else None
        found = await self._published.list(
            content_type, tag, after=after, limit=page.limit, skip=0 if after else page.skip
        )
        total = await self._published.count(content_type, tag) if page.count else None
        cursor = self._cursors.encode(SCOPE, found.position) if found.position else None
        return PublishedPage(f"[{','.join(found.items)}]", cursor, total)
