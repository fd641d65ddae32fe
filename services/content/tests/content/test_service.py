"""Use cases of content on a real database: versions, races and facts."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import func, select, text

from stitch_common.contracts import Fact
from stitch_common.contracts.content import ContentCreated, ContentPublished, ContentUpdated
from stitch_common.database import Database
from stitch_common.testing.clock import SettableClock
from stitch_common.versioning import StaleVersionError
from stitch_content.content.errors import SlugTakenError
from stitch_content.content.models import Content, ContentVersion, Slug, Status
from stitch_content.content.schemas import ContentCreate, ContentUpdate
from stitch_content.content.service import CREATED, PUBLISHED, ContentService, ContentView

FactsOf = Callable[[Database], Awaitable[list[Fact]]]


@pytest.fixture
def contents(database: Database, clock: SettableClock) -> ContentService:
    return ContentService(database, clock)


async def test_50_parallel_items_of_one_title_get_50_slugs(
    concurrent_database: Database, clock: SettableClock
) -> None:
    contents = ContentService(concurrent_database, clock)
    new = ContentCreate(title="Same title")

    items = await asyncio.gather(*(contents.create(new, 1) for _ in range(50)))

    slugs = [item.slug for item in items]
    assert len(set(slugs)) == 50
    assert slugs.count("same-title") == 1


async def test_of_20_parallel_changes_of_one_version_one_succeeds(
    concurrent_database: Database, clock: SettableClock
) -> None:
    contents = ContentService(concurrent_database, clock)
    item = await contents.create(ContentCreate(title="Contested"), 1)

    outcomes = await asyncio.gather(
        *(
            contents.update(item.id, ContentUpdate(title=f"{n}"), expected=1, user_id=n)
            for n in range(20)
        ),
        return_exceptions=True,
    )

    assert Counter(map(type, outcomes)) == {ContentView: 1, StaleVersionError: 19}
    assert (await contents.get(item.id)).version == 2


async def test_of_parallel_items_with_one_explicit_slug_one_succeeds(
    concurrent_database: Database, clock: SettableClock
) -> None:
    contents = ContentService(concurrent_database, clock)

    outcomes = await asyncio.gather(
        *(contents.create(ContentCreate(title=f"{n}", slug="mine"), 1) for n in range(10)),
        return_exceptions=True,
    )

    assert Counter(map(type, outcomes)) == {ContentView: 1, SlugTakenError: 9}


async def test_every_save_is_a_version_and_a_move_is_none(
    contents: ContentService, database: Database
) -> None:
    item = await contents.create(ContentCreate(title="First", body="<p>one</p>"), 1)
    await contents.update(item.id, ContentUpdate(title="Second"), expected=None, user_id=5)
    await contents.move(item.id, Status.PUBLISHED, expected=None)
    await contents.update(item.id, ContentUpdate(title="Third"), expected=None, user_id=6)

    async with database.transaction() as session:
        saved = await session.execute(
            select(ContentVersion.number, ContentVersion.title, ContentVersion.saved_by).order_by(
                ContentVersion.number
            )
        )
    assert [tuple(row) for row in saved] == [(1, "First", 1), (2, "Second", 5), (4, "Third", 6)]


async def test_each_change_tells_one_fact_with_the_next_version(
    contents: ContentService, database: Database, facts_of: FactsOf
) -> None:
    new = ContentCreate(title="First", status=Status.PUBLISHED)
    item = await contents.create(new, 1)
    await contents.update(item.id, ContentUpdate(title="Second", tags=["a"]), expected=2, user_id=1)
    await contents.move(item.id, Status.PUBLISHED, expected=3)
    await contents.move(item.id, Status.DRAFT, expected=4)
    await contents.move(item.id, Status.ARCHIVED, expected=5)
    await contents.trash(item.id, expected=6)
    await contents.restore(item.id, expected=7)
    await contents.trash(item.id, expected=8)
    await contents.purge(item.id, expected=9)

    facts = await facts_of(database)

    assert [(type(fact).__name__, fact.sequence) for fact in facts] == [
        ("ContentCreated", 1),
        ("ContentPublished", 2),
        ("ContentUpdated", 3),
        ("ContentPublished", 4),
        ("ContentUnpublished", 5),
        ("ContentArchived", 6),
        ("ContentTrashed", 7),
        ("ContentRestored", 8),
        ("ContentTrashed", 9),
        ("ContentPurged", 10),
    ]
    created, published, updated = facts[:3]
    assert isinstance(created, ContentCreated)
    assert created.status == "draft"
    assert isinstance(published, ContentPublished)
    assert published.status == "published"
    assert isinstance(updated, ContentUpdated)
    assert updated.changed == ["title", "tags"]


async def test_a_change_of_nothing_tells_nothing(
    contents: ContentService, database: Database, facts_of: FactsOf
) -> None:
    item = await contents.create(ContentCreate(title="Same"), 1)

    again = await contents.update(item.id, ContentUpdate(title="Same"), expected=1, user_id=1)
    await contents.move(item.id, Status.DRAFT, expected=1)

    assert again.version == 1
    assert len(await facts_of(database)) == 1


async def test_a_change_that_the_public_never_sees_is_no_new_version_of_the_text(
    contents: ContentService,
) -> None:
    item = await contents.create(ContentCreate(title="Live", status=Status.PUBLISHED), 1)

    marked = await contents.update(item.id, ContentUpdate(ai_generated=True), expected=2, user_id=1)

    assert marked.version == 3
    assert not marked.has_unpublished_changes


async def test_publishing_again_keeps_the_date_of_the_first_time(
    contents: ContentService, clock: SettableClock
) -> None:
    item = await contents.create(ContentCreate(title="Dated", status=Status.PUBLISHED), 1)
    first = item.published_at
    clock.set(clock().replace(day=9))
    await contents.update(item.id, ContentUpdate(body="<p>new</p>"), expected=None, user_id=1)

    again = await contents.move(item.id, Status.PUBLISHED, expected=None)

    assert again.published_at == first
    assert not again.has_unpublished_changes


async def test_a_slug_that_the_public_never_saw_is_free_again(
    contents: ContentService, database: Database
) -> None:
    item = await contents.create(ContentCreate(title="Plan A"), 1)
    await contents.update(item.id, ContentUpdate(slug="plan-b"), expected=None, user_id=1)

    other = await contents.create(ContentCreate(title="Other", slug="plan-a"), 1)

    assert other.slug == "plan-a"


async def test_a_slug_that_the_public_has_seen_stays_with_its_item(
    contents: ContentService,
) -> None:
    item = await contents.create(ContentCreate(title="Plan A", status=Status.PUBLISHED), 1)
    await contents.update(item.id, ContentUpdate(slug="plan-b"), expected=None, user_id=1)

    with pytest.raises(SlugTakenError) as refused:
        await contents.create(ContentCreate(title="Other", slug="plan-a"), 1)
    back = await contents.update(item.id, ContentUpdate(slug="plan-a"), expected=None, user_id=1)

    assert refused.value.extra == {"suggestion": "plan-a-2"}
    assert back.slug == "plan-a"


async def test_purging_leaves_nothing_behind(contents: ContentService, database: Database) -> None:
    item = await contents.create(ContentCreate(title="Gone", status=Status.PUBLISHED), 1)
    await contents.trash(item.id, expected=None)
    await contents.purge(item.id, expected=None)

    async with database.transaction() as session:
        for table in (Content, ContentVersion, Slug):
            assert await session.scalar(select(func.count()).select_from(table)) == 0
        assert await session.scalar(text("select count(*) from content.publications")) == 0


async def test_a_body_of_many_different_words_can_be_saved(contents: ContentService) -> None:
    words = " ".join(f"w{n:x}-{n * 7919:x}" for n in range(60_000))

    item = await contents.create(ContentCreate(title="Long", body=words), 1)

    assert len(item.body) > 800_000


async def test_items_written_and_published_are_counted(contents: ContentService) -> None:
    def counts() -> list[float]:
        return [next(iter(m.collect())).samples[0].value for m in (CREATED, PUBLISHED)]

    before = counts()

    await contents.create(ContentCreate(title="A"), 1)
    await contents.create(ContentCreate(title="B", status=Status.PUBLISHED), 1)

    assert [after - b for after, b in zip(counts(), before, strict=True)] == [2, 1]
