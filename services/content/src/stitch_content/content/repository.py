"""Every statement about one item of content."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_content.content.errors import ContentNotFoundError, NotInTrashError, SlugTakenError
from stitch_content.content.models import Content, ContentVersion, Publication, Slug, written
from stitch_content.content.rules import slugs_to_suggest


class ContentRepository:
    """Items with what belongs to them: versions, slugs, the live snapshot."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, content_id: int) -> Content:
        item = await self._session.get(Content, content_id)
        return _outside_trash(item)

    async def lock(self, content_id: int) -> Content:
        """The item, which nobody else changes until the transaction ends."""
        return _outside_trash(await self._session.get(Content, content_id, with_for_update=True))

    async def lock_trashed(self, content_id: int) -> Content:
        item = await self._session.get(Content, content_id, with_for_update=True)
        if item is None:
            raise ContentNotFoundError
        if item.deleted_at is None:
            raise NotInTrashError
        return item

    async def add(self, item: Content, slugs: Sequence[str]) -> None:
        """Store a new item under the first of these slugs that is free."""
        item.slug = slugs[0]
        self._session.add(item)
        await self._session.flush()
        item.slug = await self.claim(item, slugs)

    async def claim(self, item: Content, slugs: Sequence[str]) -> str:
        """Give the item the first of these slugs that nobody else has; SlugTakenError."""
        for slug in slugs:
            if await self._claim(item.id, slug):
                return slug
        raise SlugTakenError.suggesting(slugs[0], await self._find_free(slugs[0]))

    async def _claim(self, content_id: int, slug: str) -> bool:
        # Waits for a parallel writer of the same slug; an item may take an old one of its own.
        claim = insert(Slug).values(slug=slug, content_id=content_id, was_live=False)
        claimed = await self._session.execute(
            claim.on_conflict_do_update(
                index_elements=[Slug.slug],
                set_={"content_id": claim.excluded.content_id},
                where=Slug.content_id == claim.excluded.content_id,
            ).returning(Slug.slug)
        )
        return claimed.first() is not None

    async def _find_free(self, taken: str) -> str:
        wanted = slugs_to_suggest(taken)
        found = await self._session.scalars(select(Slug.slug).where(Slug.slug.in_(wanted)))
        used = set(found)
        return next((slug for slug in wanted if slug not in used), wanted[-1])

    async def release_unseen_slugs(self, item: Content) -> None:
        """Free what the item was called as long as the public had not seen it."""
        await self._session.execute(
            delete(Slug).where(Slug.content_id == item.id, Slug.slug != item.slug, ~Slug.was_live)
        )

    async def save_version(self, item: Content, saved_by: int) -> None:
        self._session.add(
            ContentVersion(
                content_id=item.id,
                number=item.saved_version,
                saved_by=saved_by,
                saved_at=item.updated_at,
                **written(item),
            )
        )

    async def show(self, item: Content, at: datetime) -> None:
        """Let the public see the item as it is now."""
        snapshot = {
            "version": item.saved_version,
            "published_at": item.published_at,
            "updated_at": at,
            **written(item),
        }
        upsert = insert(Publication).values(content_id=item.id, **snapshot)
        await self._session.execute(
            upsert.on_conflict_do_update(index_elements=[Publication.content_id], set_=snapshot)
        )
        await self._session.execute(
            update(Slug).where(Slug.slug == item.slug).values(was_live=True)
        )

    async def hide(self, item: Content) -> None:
        """Let the public see nothing of the item."""
        await self._session.execute(delete(Publication).where(Publication.content_id == item.id))

    async def purge(self, item: Content) -> None:
        """Remove the item for good; what belongs to it goes with it."""
        await self._session.execute(delete(Content).where(Content.id == item.id))


def _outside_trash(item: Content | None) -> Content:
    if item is None or item.deleted_at is not None:
        raise ContentNotFoundError
    return item
