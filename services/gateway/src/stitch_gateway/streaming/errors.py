"""Why the gateway ends an answer that has begun."""


class AnswerCutShortError(Exception):
    """The service broke off in the middle of its answer; the client must see that it did."""

    outcome = "cut-short"


class AdmissionEndedError(AnswerCutShortError):
    """The session was revoked, or the token has expired, while the answer went on (S40)."""

    outcome = "admission-ended"


class ClientStoodStillError(AnswerCutShortError):
    """The client took nothing of the answer for so long that others need the connection."""

    outcome = "client-stood-still"
