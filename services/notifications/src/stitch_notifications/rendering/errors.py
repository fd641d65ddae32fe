"""What can be wrong with a template's layout."""

from stitch_common.errors import ErrorKind, StitchError


class InvalidLayoutError(StitchError):
    """The MJML of this template can't be compiled."""

    kind = ErrorKind.INVALID
    code = "invalid-layout"
