"""What a page can't read."""

from stitch_common.errors import ErrorKind, StitchError


class UnreadableFormError(StitchError):
    """What was sent is not a form that can be read. Please go back and try again."""

    kind = ErrorKind.BAD_REQUEST
    code = "unreadable-form"
