"""Requests without the credential that their route needs."""

from stitch_common.errors import ErrorKind, StitchError


class GuestTokenRequiredError(StitchError):
    """Send the token of your invitation link: `Authorization: RSVP <token>`."""

    kind = ErrorKind.UNAUTHENTICATED
    code = "guest-token-required"
