"""Use cases of lists: each one statement, and one more where a total is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass

from stitch_common.database import Database
from stitch_common.http.lists import Cursors, Page
from stitch_content.listing.repository import Filter, Listed, ListingRepository, Window
from stitch_content.listing.rules import FIELDS, Order

TRASH_ORDER = Order("deleted_at", descending=True)


@dataclass(frozen=True, slots=True)
class ListPage:
    """A page as JSON, the cursor of the next one, and the total if it was asked for."""

    json: str
    next_cursor: str | None
    total: int | None


class ListingService:
    """Lists of content for editors and viewers."""

    def __init__(self, database: Database, cursors: Cursors) -> None:
        self._listing = ListingRepository(database)
        self._cursors = cursors

    async def find(
        self, wanted: Filter, order: Order, page: Page, fields: Sequence[str]
    ) -> ListPage:
        shown = [*fields, "headline"] if wanted.search is not None else fields
        return await self._page(wanted, order, page, shown)

    async def find_trashed(self, page: Page) -> ListPage:
        return await self._page(Filter(trashed=True), TRASH_ORDER, page, [*FIELDS, "deleted_at"])

    async def _page(
        self, wanted: Filter, order: Order, page: Page, fields: Sequence[str]
    ) -> ListPage:
        scope = f"content {order} {wanted.search}"
        after = self._cursors.decode(scope, page.cursor) if page.cursor else None
        window = Window(page.limit, 0 if after else page.skip, after)
        listed = await self._listing.find(wanted, order, window, fields)
        total = await self._listing.count(wanted) if page.count else None
        return ListPage(as_array(listed), self._cursor(scope, listed), total)

    def _cursor(self, scope: str, listed: Listed) -> str | None:
        if listed.position is None:
            return None
        return self._cursors.encode(scope, listed.position)


def as_array(listed: Listed) -> str:
    return f"[{','.join(listed.items)}]"
