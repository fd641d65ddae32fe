"""Errors of objections."""

from stitch_common.errors import ErrorKind, StitchError


class AlreadyObjectedError(StitchError):
    """You have objected already: a mail with which you set a new password is on its way."""

    kind = ErrorKind.CONFLICT
    code = "already-objected"


class AddressLostError(StitchError):
    """Your address belongs to another account by now; ask an admin for help."""

    kind = ErrorKind.CONFLICT
    code = "address-lost"
