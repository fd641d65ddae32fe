"""Use cases of content: each one transaction, with the facts that it makes true."""

from typing import Any

from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_common.bus.outbox import Outbox
from stitch_common.clock import Clock
from stitch_common.contracts.content import (
    ContentArchived,
    ContentCreated,
    ContentPublished,
    ContentPurged,
    ContentRestored,
    ContentTrashed,
    ContentUnpublished,
    ContentUpdated,
)
from stitch_common.database import Database
from stitch_content.content.errors import ContentNotFoundError
from stitch_content.content.models import Content, Status
from stitch_content.content.repository import ContentRepository
from stitch_content.content.rules import plain_text, slug_of, slugs_to_try, text_of
from stitch_content.content.schemas import ContentCreate, ContentUpdate, ContentView, WantedTag

__all__ = [
    "ContentNotFoundError", "ContentService", "ContentUpdate", "ContentView", "WantedTag",
    "plain_text", "text_of",
]  # fmt: skip

CREATED = Counter("stitch_content_created", "Items of content that were written")
PUBLISHED = Counter("stitch_content_published", "Times that an item was shown to the public")


class ContentService:
    """What editors do with one item; `expected` is the version that they have read, if they say."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def get(self, content_id: int) -> ContentView:
        async with self._database.reading() as session:
            item = await ContentRepository(session).get(content_id)
        return ContentView.model_validate(item)

    async def create(self, new: ContentCreate, author_id: int) -> ContentView:
        """Write an item; without a slug of its own it gets one that nobody has."""
        at = self._clock()
        async with self._database.transaction() as session:
            item = Content(
                **new.model_dump(exclude={"slug", "status"}),
                body_text=text_of(new.body),
                author_id=author_id,
                created_at=at,
                updated_at=at,
            )
            from_title = slugs_to_try(slug_of(new.title) or slug_of(new.content_type))
            contents = ContentRepository(session)
            await contents.add(item, [new.slug] if new.slug else from_title)
            await contents.save_version(item, author_id)
            Outbox(session).add(ContentCreated(**item.facts_know(at)))
            is_shown = await self._move(session, item, new.status)
        CREATED.inc()
        PUBLISHED.inc(is_shown)
        return ContentView.model_validate(item)

    async def update(
        self, content_id: int, changes: ContentUpdate, *, expected: int | None, user_id: int
    ) -> ContentView:
        """Change an item; what the public sees of it stays, unless its status changes."""
        values = changes.model_dump(exclude_unset=True)
        status = values.pop("status", None)
        async with self._database.transaction() as session:
            item = await ContentRepository(session).lock(content_id)
            item.expect(expected)
            await self._edit(session, item, values, user_id)
            is_shown = status not in {None, item.status} and await self._move(
                session, item, Status(status)
            )
        PUBLISHED.inc(is_shown)
        return ContentView.model_validate(item)

    async def keep_suggestions(
        self, content_id: int, suggestions: dict[str, Any], *, user_id: int
    ) -> ContentView:
        """Store with an item what was suggested for it; nothing of the item changes by that."""
        async with self._database.transaction() as session:
            item = await ContentRepository(session).lock(content_id)
            await self._edit(session, item, {"ai_suggestions": suggestions}, user_id)
        return ContentView.model_validate(item)

    async def move(self, content_id: int, status: Status, *, expected: int | None) -> ContentView:
        """Publish, unpublish or archive an item; being there already changes nothing."""
        async with self._database.transaction() as session:
            item = await ContentRepository(session).lock(content_id)
            item.expect(expected)
            is_shown = await self._move(session, item, status)
        PUBLISHED.inc(is_shown)
        return ContentView.model_validate(item)

    async def trash(self, content_id: int, *, expected: int | None) -> None:
        at = self._clock()
        async with self._database.transaction() as session:
            contents = ContentRepository(session)
            item = await contents.lock(content_id)
            item.expect(expected)
            item.trash(at)
            await contents.hide(item)
            Outbox(session).add(ContentTrashed(**item.facts_know(at)))

    async def restore(self, content_id: int, *, expected: int | None) -> ContentView:
        """Take an item out of the trash, as a draft under its old slug."""
        at = self._clock()
        async with self._database.transaction() as session:
            item = await ContentRepository(session).lock_trashed(content_id)
            item.expect(expected)
            item.restore(at)
            Outbox(session).add(ContentRestored(**item.facts_know(at)))
        return ContentView.model_validate(item)

    async def purge(self, content_id: int, *, expected: int | None) -> None:
        """Remove an item from the trash for good, with its versions and slugs."""
        at = self._clock()
        async with self._database.transaction() as session:
            contents = ContentRepository(session)
            item = await contents.lock_trashed(content_id)
            item.expect(expected)
            last_words = {**item.facts_know(at), "version": item.version + 1}
            await contents.purge(item)
            Outbox(session).add(ContentPurged(**last_words))

    async def _edit(
        self, session: AsyncSession, item: Content, values: dict[str, Any], user_id: int
    ) -> None:
        at = self._clock()
        changed = item.edit(values, at=at)
        if not changed:
            return
        contents = ContentRepository(session)
        if "slug" in changed:
            await contents.claim(item, [item.slug])
            await contents.release_unseen_slugs(item)
        if item.saved_version == item.version:  # something that the public will see has changed
            await contents.save_version(item, user_id)
        Outbox(session).add(ContentUpdated(**item.facts_know(at), changed=changed))

    async def _move(self, session: AsyncSession, item: Content, status: Status) -> bool:
        """Bring an item to this status; tells whether the public sees something new."""
        at = self._clock()
        if status is Status.PUBLISHED:
            return await self._publish(session, item)
        if item.withdraw(status, at=at):
            await ContentRepository(session).hide(item)
            told = ContentArchived if status is Status.ARCHIVED else ContentUnpublished
            Outbox(session).add(told(**item.facts_know(at)))
        return False

    async def _publish(self, session: AsyncSession, item: Content) -> bool:
        at = self._clock()
        if not item.publish(at):
            return False
        await ContentRepository(session).show(item, at)
        Outbox(session).add(
            ContentPublished(**item.facts_know(at), published_at=item.published_at or at)
        )
        return True
