"""Facts of the content service."""

from typing import ClassVar

from stitch_common.contracts.base import Fact, UTCDatetime


class _ContentFact(Fact):
    aggregate: ClassVar[str] = "content_id"

    content_id: int
    version: int
    at: UTCDatetime
    title: str
    slug: str
    content_type: str
    status: str
    """draft | published | archived | trashed"""
    author_id: int


class ContentCreated(_ContentFact):
    """Somebody has written something."""

    subject: ClassVar[str] = "stitch.content.content.created.v1"


class ContentUpdated(_ContentFact):
    """Fields of an item have changed; `changed` names them."""

    subject: ClassVar[str] = "stitch.content.content.updated.v1"

    changed: list[str]


class ContentPublished(_ContentFact):
    """The public sees this version of an item now."""

    subject: ClassVar[str] = "stitch.content.content.published.v1"

    published_at: UTCDatetime


class ContentUnpublished(_ContentFact):
    """The public no longer sees an item; it is a draft again."""

    subject: ClassVar[str] = "stitch.content.content.unpublished.v1"


class ContentArchived(_ContentFact):
    """An item was put away."""

    subject: ClassVar[str] = "stitch.content.content.archived.v1"


class ContentTrashed(_ContentFact):
    """An item was moved to the trash."""

    subject: ClassVar[str] = "stitch.content.content.trashed.v1"


class ContentRestored(_ContentFact):
    """An item came back from the trash."""

    subject: ClassVar[str] = "stitch.content.content.restored.v1"


class ContentPurged(_ContentFact):
    """An item is gone for good."""

    subject: ClassVar[str] = "stitch.content.content.purged.v1"


class SettingChanged(Fact):
    """A site setting was set or removed; its value does not travel."""

    subject: ClassVar[str] = "stitch.content.setting.changed.v1"
    aggregate: ClassVar[str] = "key"

    key: str
    version: int
    removed: bool
    changed_by: int
    at: UTCDatetime


class _ModuleFact(Fact):
    aggregate: ClassVar[str] = "module_id"

    module_id: int
    version: int
    name: str
    module_version: str
    at: UTCDatetime


class ModuleInstalled(_ModuleFact):
    """A module is there, inactive."""

    subject: ClassVar[str] = "stitch.content.module.installed.v1"


class ModuleActivated(_ModuleFact):
    """A module has begun its work."""

    subject: ClassVar[str] = "stitch.content.module.activated.v1"


class ModuleDeactivated(_ModuleFact):
    """A module has stopped its work."""

    subject: ClassVar[str] = "stitch.content.module.deactivated.v1"


class ModuleUpgraded(_ModuleFact):
    """A module runs in a newer version."""

    subject: ClassVar[str] = "stitch.content.module.upgraded.v1"


class ModuleRemoved(_ModuleFact):
    """A module is gone, with what it made."""

    subject: ClassVar[str] = "stitch.content.module.removed.v1"
