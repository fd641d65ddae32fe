"""Errors of signing keys."""

from stitch_common.errors import ErrorKind, StitchError


class KeyExistsError(Exception):
    """Another replica has made the active or the next key."""


class KeyNotFoundError(StitchError):
    """There is no such key."""

    kind = ErrorKind.NOT_FOUND
    code = "key-not-found"


class NextKeyTooYoungError(StitchError):
    """The next key has not been published for long enough; try again later."""

    kind = ErrorKind.CONFLICT
    code = "next-key-too-young"
