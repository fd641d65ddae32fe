"""What can be wrong with a template."""

from stitch_common.errors import ErrorKind, StitchError


class TemplateNotFoundError(StitchError):
    """There is no such template."""

    kind = ErrorKind.NOT_FOUND
    code = "template-not-found"


class TemplateNameTakenError(StitchError):
    """Another template has this name."""

    kind = ErrorKind.CONFLICT
    code = "template-name-taken"


class BuiltinTemplateError(StitchError):
    """A standard template can't be changed or removed; make your own and let it replace it."""

    kind = ErrorKind.CONFLICT
    code = "builtin-template"


class InvalidTemplateError(StitchError):
    """A text of this template can't be used."""

    kind = ErrorKind.INVALID
    code = "invalid-template"
