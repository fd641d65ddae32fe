"""Requests for which there is no row."""

from stitch_common.errors import ErrorKind, StitchError
from stitch_gateway.errors import WireError


class UnknownRouteError(StitchError):
    """There is nothing at this path."""

    kind = ErrorKind.NOT_FOUND
    code = "not-found"


class MethodNotAllowedError(WireError):
    """This path does not take this method."""

    code = "method-not-allowed"
    status = 405


class DuplicateRouteError(Exception):
    """Two rows of the table take the same method and path."""
