"""Use cases of settings: each one transaction, each change with its audit row and its fact."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from stitch_common.bus.outbox import Outbox
from stitch_common.clock import Clock
from stitch_common.database import Database
from stitch_common.errors import InvalidFieldError
from stitch_common.http.lists import Cursors, Page
from stitch_common.security.sealing import SealedBox
from stitch_common.versioning import StaleVersionError
from stitch_content.site_settings.errors import SettingExistsError
from stitch_content.site_settings.models import Setting, SettingChange
from stitch_content.site_settings.repository import SettingRepository
from stitch_content.site_settings.rules import (
    SITE_KEYS,
    THEME,
    MaskWithoutValueError,
    holds_secret,
    masked,
    unmasked,
)
from stitch_content.site_settings.schemas import (
    SettingChangeView,
    SettingView,
    SiteConfig,
    SiteConfigView,
    typed,
)

SCOPE = "settings"
V = TypeVar("V", SettingView, SettingChangeView)

__all__ = ["SettingService", "SiteConfigView", "SiteService"]


@dataclass(frozen=True, slots=True)
class Listed(Generic[V]):
    """A page of a list, the cursor of the next one, and the total if it was asked for."""

    items: list[V]
    next_cursor: str | None
    total: int | None


class SettingService:
    """Settings by key, as admins keep them; what it gives is masked."""

    def __init__(self, database: Database, clock: Clock, box: SealedBox, cursors: Cursors) -> None:
        self._database = database
        self._clock = clock
        self._box = box
        self._cursors = cursors

    async def find(self, page: Page) -> Listed[SettingView]:
        """Settings in the order of their keys."""
        after = self._cursors.decode(SCOPE, page.cursor)[0] if page.cursor else ""
        async with self._database.transaction() as session:
            settings = SettingRepository(session)
            found = await settings.find(
                after=after, limit=page.limit + 1, skip=0 if after else page.skip
            )
            total = await settings.count() if page.count else None
        shown, has_more = found[: page.limit], len(found) > page.limit
        cursor = self._cursors.encode(SCOPE, [shown[-1].key]) if has_more else None
        return Listed([self._view(setting) for setting in shown], cursor, total)

    async def get(self, key: str) -> SettingView:
        async with self._database.transaction() as session:
            return self._view(await SettingRepository(session).get(key))

    async def create(self, key: str, value: Any, *, user_id: int) -> SettingView:
        async with self._database.transaction() as session:
            setting = await SettingRepository(session).lock_any(key)
            if not setting.is_removed:
                raise SettingExistsError
            self._put(session, setting, self._taken(key, value, None), user_id)
        return self._view(setting)

    async def put(self, key: str, value: Any, *, expected: int | None, user_id: int) -> SettingView:
        """Give a setting another value; the same value changes nothing."""
        async with self._database.transaction() as session:
            setting = await SettingRepository(session).lock(key)
            setting.expect(expected)
            before = setting.opened(key, self._box)
            self._put(session, setting, self._taken(key, value, before), user_id)
        return self._view(setting)

    async def remove(self, key: str, *, expected: int | None, user_id: int) -> None:
        async with self._database.transaction() as session:
            setting = await SettingRepository(session).lock(key)
            setting.expect(expected)
            record(session, setting.remove(by=user_id, at=self._clock()))

    async def revert(
        self, key: str, version: int, *, expected: int | None, user_id: int
    ) -> SettingView:
        """Give a setting the value that it had in this version, also after it was removed."""
        async with self._database.transaction() as session:
            settings = SettingRepository(session)
            change = await settings.change(key, version)
            setting = await settings.lock_any(key)
            setting.expect(expected)
            self._put(session, setting, change.opened(key, self._box), user_id)
        return self._view(setting)

    async def history(self, key: str, page: Page) -> Listed[SettingChangeView]:
        """The changes of a setting, the latest first."""
        scope = f"{SCOPE} {key}"
        before = self._cursors.decode(scope, page.cursor)[0] if page.cursor else None
        async with self._database.transaction() as session:
            settings = SettingRepository(session)
            found = await settings.history(
                key, before=before, limit=page.limit + 1, skip=0 if before else page.skip
            )
            total = await settings.count_history(key) if page.count else None
        shown, has_more = found[: page.limit], len(found) > page.limit
        cursor = self._cursors.encode(scope, [shown[-1].version]) if has_more else None
        return Listed([self._change_view(change) for change in shown], cursor, total)

    def _taken(self, key: str, value: Any, before: Any) -> Any:
        """What a value from outside means: masks are secrets that were there before."""
        try:
            return typed(key, unmasked(key, value, before))
        except MaskWithoutValueError as error:
            message = "A mask stands here, but there is no secret that it could stand for."
            raise InvalidFieldError.of(f"/value{error.args[0]}", message) from error

    def _put(self, session: AsyncSession, setting: Setting, value: Any, user_id: int) -> None:
        record(session, setting.put(value, self._box, by=user_id, at=self._clock()))

    def _view(self, setting: Setting) -> SettingView:
        value = setting.opened(setting.key, self._box)
        return SettingView.model_validate(
            {
                "key": setting.key,
                "value": masked(setting.key, value),
                "is_secret": holds_secret(setting.key, value),
                "version": setting.version,
                "created_at": setting.created_at,
                "updated_at": setting.updated_at,
                "updated_by": setting.updated_by,
            }
        )

    def _change_view(self, change: SettingChange) -> SettingChangeView:
        return SettingChangeView(
            key=change.key,
            version=change.version,
            is_removed=change.is_removed,
            value=masked(change.key, change.opened(change.key, self._box)),
            changed_by=change.changed_by,
            changed_at=change.changed_at,
        )


def record(session: AsyncSession, change: SettingChange | None) -> None:
    """Write a change's audit row and its fact; no change, neither."""
    if change is not None:
        SettingRepository(session).add(change)
        Outbox(session).add(change.fact())


class SiteService:
    """The settings that make the site's configuration, changed together or not at all."""

    def __init__(self, database: Database, clock: Clock, box: SealedBox) -> None:
        self._database = database
        self._clock = clock
        self._box = box

    async def get(self) -> SiteConfigView:
        async with self._database.transaction() as session:
            return config_of(await SettingRepository(session).site())

    async def change(
        self, given: dict[str, Any], *, expected: int | None, user_id: int
    ) -> SiteConfigView:
        """Store what is given and different from what holds; the rest stays."""
        at = self._clock()
        async with self._database.transaction() as session:
            rows = await SettingRepository(session).site(lock=True)
            before = config_of(rows)
            await _expect(session, before.version, expected)
            holds = before.model_dump(mode="json")
            for row in rows:
                wanted = given.get(row.key, holds[row.key])
                if row.key == THEME:  # it may be given in part
                    wanted = {**holds[row.key], **wanted}
                if wanted != holds[row.key]:
                    record(session, row.put(wanted, self._box, by=user_id, at=at))
        return config_of(rows)

    async def initialize(self, user_id: int) -> list[str]:
        """Store the defaults of what is missing; gives the names of those keys."""
        at = self._clock()
        defaults = SiteConfig().model_dump(mode="json")
        async with self._database.transaction() as session:
            rows = await SettingRepository(session).site(lock=True)
            missing = [row for row in rows if row.is_removed]
            for row in missing:
                record(session, row.put(defaults[row.key], self._box, by=user_id, at=at))
        return [row.key for row in missing]


async def _expect(session: AsyncSession, version: int, expected: int | None) -> None:
    if expected in {None, version}:
        return
    behind = version - (expected or 0)
    changed = await SettingRepository(session).last_changed(SITE_KEYS, behind)
    raise StaleVersionError(
        f"{StaleVersionError.sentence()} Changed since: {', '.join(changed)}.",
        extra={"changed": changed, "version": version},
    )


def config_of(rows: Sequence[Setting]) -> SiteConfigView:
    """What is stored over the defaults; the version counts every change of every row."""
    stored = {row.key: row.value for row in rows if not row.is_removed}
    return SiteConfigView.model_validate({**stored, "version": sum(row.version for row in rows)})
