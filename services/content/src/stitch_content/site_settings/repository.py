"""Every statement about settings and their history."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_content.site_settings.errors import NothingToRevertToError, SettingNotFoundError
from stitch_content.site_settings.models import Setting, SettingChange
from stitch_content.site_settings.rules import SITE_KEYS


class SettingRepository:
    """Settings by key."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, *, after: str, limit: int, skip: int) -> Sequence[Setting]:
        present = select(Setting).where(~Setting.is_removed, Setting.key > after)
        rows = await self._session.scalars(present.order_by(Setting.key).limit(limit).offset(skip))
        return rows.all()

    async def count(self) -> int:
        present = select(func.count()).select_from(Setting).where(~Setting.is_removed)
        return (await self._session.execute(present)).scalar_one()

    async def get(self, key: str) -> Setting:
        setting = await self._session.get(Setting, key)
        return _present(setting)

    async def lock(self, key: str) -> Setting:
        """The setting, which nobody else changes until the transaction ends."""
        return _present(await self._session.get(Setting, key, with_for_update=True))

    async def lock_any(self, key: str) -> Setting:
        """The row of this key, made if it is missing: parallel creators wait for each other."""
        await self._session.execute(
            insert(Setting)
            .values(key=key, version=0, field_versions={}, is_removed=True)
            .on_conflict_do_nothing()
        )
        return await self._session.get_one(Setting, key, with_for_update=True)

    async def site(self, *, lock: bool = False) -> Sequence[Setting]:
        """The rows of the site's configuration; migrations make them, to be locked."""
        rows = select(Setting).where(Setting.key.in_(SITE_KEYS)).order_by(Setting.key)
        return (await self._session.scalars(rows.with_for_update() if lock else rows)).all()

    def add(self, change: SettingChange) -> None:
        self._session.add(change)

    async def history(
        self, key: str, *, before: int | None, limit: int, skip: int
    ) -> Sequence[SettingChange]:
        """The changes of a setting, the latest first; SettingNotFoundError if there is none."""
        changes = select(SettingChange).where(SettingChange.key == key)
        if before is not None:
            changes = changes.where(SettingChange.version < before)
        newest_first = changes.order_by(SettingChange.version.desc())
        found = (await self._session.scalars(newest_first.limit(limit).offset(skip))).all()
        if not found and before is None and skip == 0:
            raise SettingNotFoundError
        return found

    async def count_history(self, key: str) -> int:
        changes = select(func.count()).where(SettingChange.key == key)
        return (await self._session.execute(changes)).scalar_one()

    async def change(self, key: str, version: int) -> SettingChange:
        """The change that made this version, which must have a value."""
        change = await self._session.scalar(
            select(SettingChange).where(SettingChange.key == key, SettingChange.version == version)
        )
        if change is None:
            raise SettingNotFoundError
        if change.is_removed:
            raise NothingToRevertToError
        return change

    async def last_changed(self, keys: Sequence[str], changes: int) -> list[str]:
        """The keys that the latest changes were about."""
        latest = (
            select(SettingChange.key)
            .where(SettingChange.key.in_(keys))
            .order_by(SettingChange.id.desc())
            .limit(max(changes, 0))
        )
        return sorted(set(await self._session.scalars(latest)))


def _present(setting: Setting | None) -> Setting:
    if setting is None or setting.is_removed:
        raise SettingNotFoundError
    return setting
