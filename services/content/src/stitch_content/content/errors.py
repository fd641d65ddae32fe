"""What can be refused about content."""

from stitch_common.errors import ErrorKind, StitchError


class ContentNotFoundError(StitchError):
    """There is no such content."""

    kind = ErrorKind.NOT_FOUND
    code = "content-not-found"


class SlugTakenError(StitchError):
    """Another item has this slug."""

    kind = ErrorKind.CONFLICT
    code = "slug-taken"

    @classmethod
    def suggesting(cls, slug: str, suggestion: str) -> "SlugTakenError":
        """Name a slug that was free a moment ago."""
        return cls(
            f"Another item has the slug '{slug}'; '{suggestion}' is free.",
            extra={"suggestion": suggestion},
        )


class NotInTrashError(StitchError):
    """This item is not in the trash."""

    kind = ErrorKind.CONFLICT
    code = "not-in-trash"


class VersionRequiredError(StitchError):
    """Strict handling was asked for: send If-Match with the ETag of what you have read."""

    kind = ErrorKind.PRECONDITION_REQUIRED
    code = "version-required"
