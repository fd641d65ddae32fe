"""Use cases of settings on a real database: sealing, audit, races."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import asyncpg
import pytest
from pydantic import SecretStr

from stitch_common.contracts import Fact
from stitch_common.contracts.content import SettingChanged
from stitch_common.database import Database
from stitch_common.http.lists import Cursors, Page
from stitch_common.security.sealing import SealedBox
from stitch_common.testing.clock import SettableClock
from stitch_common.versioning import StaleVersionError
from stitch_content.settings import ContentSettings
from stitch_content.site_settings.errors import SettingExistsError
from stitch_content.site_settings.rules import MASK, SITE_KEYS
from stitch_content.site_settings.schemas import SettingView
from stitch_content.site_settings.service import SettingService, SiteConfigView, SiteService

FactsOf = Callable[[Database], Awaitable[list[Fact]]]
PAGE = Page(limit=50, skip=0, cursor=None, count=False)


@pytest.fixture
def box(settings: ContentSettings) -> SealedBox:
    return SealedBox(settings.secret_keys)


@pytest.fixture
def kept(database: Database, clock: SettableClock, box: SealedBox) -> SettingService:
    return SettingService(database, clock, box, Cursors(SecretStr("c" * 32)))


@pytest.fixture
def site(database: Database, clock: SettableClock, box: SealedBox) -> SiteService:
    return SiteService(database, clock, box)


async def changes(database: Database) -> list[asyncpg.Record]:
    async with database.connection() as connection:
        return list(await connection.fetch("select * from content.setting_changes order by id"))


async def test_a_secret_is_nowhere_in_the_database(
    kept: SettingService, database: Database
) -> None:
    await kept.create("mail", {"host": "smtp", "password": "hunter2"}, user_id=1)
    await kept.create("stripe_key", "hunter2", user_id=1)
    await kept.remove("stripe_key", expected=None, user_id=1)

    async with database.connection() as connection:
        dumps = [
            await connection.fetchval(f"select string_agg(t::text, '') from content.{table} t")  # noqa: S608 - three tables of ours
            for table in ("settings", "setting_changes", "outbox")
        ]
    assert not any("hunter2" in dump or b"hunter2".hex() in dump for dump in dumps)


async def test_a_mask_sent_back_keeps_the_secret(kept: SettingService, box: SealedBox) -> None:
    await kept.create("mail", {"host": "a", "password": "hunter2"}, user_id=1)

    await kept.put("mail", {"host": "b", "password": MASK}, expected=1, user_id=1)
    await kept.put("mail", {"host": "b", "password": "hunter2"}, expected=2, user_id=1)

    assert (await kept.get("mail")).version == 2


async def test_every_change_has_an_audit_row_and_a_fact(
    kept: SettingService, database: Database, facts_of: FactsOf
) -> None:
    await kept.create("a", 1, user_id=5)
    await kept.put("a", 1, expected=None, user_id=6)
    await kept.put("a", True, expected=None, user_id=6)
    await kept.remove("a", expected=None, user_id=7)
    await kept.create("a", None, user_id=8)

    rows = await changes(database)
    facts = [fact for fact in await facts_of(database) if isinstance(fact, SettingChanged)]

    expected = [(1, False, 5), (2, False, 6), (3, True, 7), (4, False, 8)]
    assert [(r["version"], r["is_removed"], r["changed_by"]) for r in rows] == expected
    assert [(f.version, f.removed, f.changed_by) for f in facts] == expected


async def test_a_removed_setting_comes_back_with_its_secret(kept: SettingService) -> None:
    await kept.create("mail", {"password": "hunter2"}, user_id=1)
    await kept.remove("mail", expected=1, user_id=1)

    back = await kept.revert("mail", 1, expected=None, user_id=1)

    assert (back.value, back.version) == ({"password": MASK}, 3)
    history = await kept.history("mail", PAGE)
    assert [(c.version, c.value) for c in history.items] == [
        (3, {"password": MASK}),
        (2, None),
        (1, {"password": MASK}),
    ]


async def test_of_parallel_creators_of_one_key_one_succeeds(
    concurrent_database: Database, clock: SettableClock, box: SealedBox
) -> None:
    kept = SettingService(concurrent_database, clock, box, Cursors(SecretStr("c" * 32)))

    outcomes = await asyncio.gather(
        *(kept.create("one", n, user_id=n) for n in range(12)), return_exceptions=True
    )

    assert Counter(map(type, outcomes)) == {SettingView: 1, SettingExistsError: 11}


async def test_of_parallel_changes_of_one_site_version_one_succeeds(
    concurrent_database: Database, clock: SettableClock, box: SealedBox
) -> None:
    site = SiteService(concurrent_database, clock, box)

    outcomes = await asyncio.gather(
        *(site.change({"site_title": f"{n}"}, expected=0, user_id=n) for n in range(12)),
        return_exceptions=True,
    )

    assert Counter(map(type, outcomes)) == {SiteConfigView: 1, StaleVersionError: 11}


async def test_a_change_of_the_site_audits_each_field_once(
    site: SiteService, database: Database
) -> None:
    given = {"site_title": "Ours", "timezone": "UTC", "theme_settings": {"font_family": "Lora"}}

    await site.change(given, expected=None, user_id=1)
    await site.change(given, expected=None, user_id=1)

    rows = await changes(database)
    assert sorted(row["key"] for row in rows) == ["site_title", "theme_settings"]
    config = await site.get()
    assert (config.version, config.theme_settings.font_family) == (2, "Lora")
    assert config.theme_settings.primary_color == "#2563eb"


async def test_defaults_are_initialised_once(site: SiteService, database: Database) -> None:
    await site.change({"site_title": "Ours"}, expected=None, user_id=1)

    created = await site.initialize(2)
    again = await site.initialize(2)

    assert sorted(created) == sorted(set(SITE_KEYS) - {"site_title"})
    assert again == []
    assert len(await changes(database)) == len(SITE_KEYS)
    assert (await site.get()).site_title == "Ours"
