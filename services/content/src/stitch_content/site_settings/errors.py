"""What can be refused about settings."""

from stitch_common.errors import ErrorKind, StitchError


class SettingNotFoundError(StitchError):
    """There is no such setting."""

    kind = ErrorKind.NOT_FOUND
    code = "setting-not-found"


class SettingExistsError(StitchError):
    """There is a setting of this name; change it with PUT."""

    kind = ErrorKind.CONFLICT
    code = "setting-exists"


class NothingToRevertToError(StitchError):
    """That version of the setting has no value."""

    kind = ErrorKind.CONFLICT
    code = "nothing-to-revert-to"
