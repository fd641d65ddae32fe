"""Errors of passwords."""

from stitch_common.errors import ErrorKind, FieldError, StitchError


class WeakPasswordError(StitchError):
    """This password is easy to guess."""

    kind = ErrorKind.INVALID
    code = "weak-password"

    @classmethod
    def because(cls, reason: str) -> "WeakPasswordError":
        """Refuse a password with the reason, in the field that holds it."""
        return cls(reason, errors=[FieldError("/password", reason)])


class HashingBusyError(StitchError):
    """Too many people are logging in at this moment; try again at once."""

    kind = ErrorKind.UNAVAILABLE
    code = "busy"
