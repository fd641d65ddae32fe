"""What can go wrong with an event."""

from stitch_common.errors import ErrorKind, StitchError


class EventNotFoundError(StitchError):
    """There is no such event."""

    kind = ErrorKind.NOT_FOUND
    code = "event-not-found"


class SlugTakenError(StitchError):
    """Another event has this slug."""

    kind = ErrorKind.CONFLICT
    code = "slug-taken"

    @classmethod
    def suggesting(cls, slug: str) -> "SlugTakenError":
        """Name a slug that is likely to be free."""
        return cls(f"{cls.sentence()} You could take {slug}.", extra={"suggestion": slug})


class EventStatusError(StitchError):
    """The event's status does not allow this."""

    kind = ErrorKind.CONFLICT
    code = "event-status"


class CapacityBelowSeatsTakenError(StitchError):
    """More seats are taken than that; free some first."""

    kind = ErrorKind.CONFLICT
    code = "capacity-below-seats-taken"
