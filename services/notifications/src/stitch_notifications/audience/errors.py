"""What can be wrong with an event that somebody names."""

from stitch_common.errors import ErrorKind, StitchError


class EventNotFoundError(StitchError):
    """There is no such event."""

    kind = ErrorKind.NOT_FOUND
    code = "event-not-found"


class EventNotPublishedError(StitchError):
    """Guests get mail only about a published event; publish it first."""

    kind = ErrorKind.CONFLICT
    code = "event-not-published"


class EventOverError(StitchError):
    """The event is over; nobody is invited or reminded any more."""

    kind = ErrorKind.CONFLICT
    code = "event-over"


class EventNotKnownYetError(StitchError):
    """A fact about a guest has come before the facts about the event."""

    kind = ErrorKind.UNAVAILABLE
    code = "event-not-known-yet"
