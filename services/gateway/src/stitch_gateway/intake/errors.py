"""Requests that are refused before anybody asks where they want to go."""

from stitch_common.errors import ErrorKind, StitchError
from stitch_gateway.errors import WireError


class AmbiguousPathError(WireError):
    """The path can be read in more than one way; send it in its plain form."""

    code = "ambiguous-path"


class AmbiguousHeadError(WireError):
    """A header that decides who you are or where the body ends is repeated or malformed."""

    code = "ambiguous-head"


class TokenInQueryError(WireError):
    """Send the access token in the Authorization header, never in the address."""

    code = "token-in-query"


class MethodOverrideError(WireError):
    """The method is the one in the request line; it can't be overridden by a header."""

    code = "method-override"


class BodyTooLargeError(StitchError):
    """The body is larger than this path takes."""

    kind = ErrorKind.TOO_LARGE
    code = "body-too-large"
