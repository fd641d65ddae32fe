"""What can go wrong with an answer."""

from stitch_common.errors import ErrorKind, StitchError


class RSVPNotFoundError(StitchError):
    """There is no such RSVP, or this link may not see it."""

    kind = ErrorKind.NOT_FOUND
    code = "rsvp-not-found"


class GuestTokenError(StitchError):
    """Send the token of your mailed link, if it still counts, as `Authorization: RSVP <token>`."""

    kind = ErrorKind.UNAUTHENTICATED
    code = "guest-token-required"

    def __init__(self) -> None:
        super().__init__(headers={"www-authenticate": 'RSVP realm="stitch"'})


class RSVPClosedError(StitchError):
    """The time to answer this invitation has passed."""

    kind = ErrorKind.CONFLICT
    code = "rsvp-closed"


class EventNotOpenError(StitchError):
    """This event is not open for answers."""

    kind = ErrorKind.CONFLICT
    code = "event-not-open"


class EventCancelledError(StitchError):
    """This event has been cancelled."""

    kind = ErrorKind.CONFLICT
    code = "event-cancelled"


class RSVPRejectedError(StitchError):
    """The organiser has declined this registration."""

    kind = ErrorKind.CONFLICT
    code = "rsvp-rejected"


class GuestExistsError(StitchError):
    """Somebody with this e-mail address is on the guest list already."""

    kind = ErrorKind.CONFLICT
    code = "guest-exists"


class NothingToApproveError(StitchError):
    """This guest has not asked for approval, or has been decided on already."""

    kind = ErrorKind.CONFLICT
    code = "nothing-to-approve"
