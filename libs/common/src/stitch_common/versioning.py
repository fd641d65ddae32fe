"""Rows with a version, which know what changed since an older one."""

from collections.abc import Iterable

from sqlalchemy import Integer
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from stitch_common.errors import ErrorKind, StitchError


class StaleVersionError(StitchError):
    """Somebody else has changed this since you read it."""

    kind = ErrorKind.STALE
    code = "stale-version"


class Versioned:
    """A mixin for mapped classes: `version` counts changes, `field_versions` says of what."""

    version: Mapped[int] = mapped_column(Integer, default=1)
    field_versions: Mapped[dict[str, int]] = mapped_column(JSONB, default=dict)

    def touch(self, changed: Iterable[str]) -> None:
        """Count a change of these fields; no field, no new version."""
        fields = list(changed)
        if fields:
            self.version += 1
            self.field_versions = {**self.field_versions, **dict.fromkeys(fields, self.version)}

    def changed_since(self, version: int) -> list[str]:
        """The names of the fields that have changed since that version."""
        return sorted(name for name, at in self.field_versions.items() if at > version)

    def expect(self, version: int | None) -> None:
        """Refuse a change that was made against another version; None expects nothing.

        Call it on a locked row: of parallel writes with one version exactly one then succeeds.
        """
        if version is None or version == self.version:
            return
        changed = self.changed_since(version)
        names = f" Changed since: {', '.join(changed)}." if changed else ""
        raise StaleVersionError(
            StaleVersionError.sentence() + names,
            extra={"changed": changed, "version": self.version},
        )
