"""What a mail server may say."""

from stitch_common.errors import ErrorKind, StitchError


class MailDeferredError(StitchError):
    """The mail server does not take this mail now."""

    kind = ErrorKind.UNAVAILABLE
    code = "mail-deferred"

    def __init__(self, reply: str) -> None:
        super().__init__(f"The mail server does not take this mail now: {reply}")
        self.reply = reply
        self.extra["smtp_reply"] = reply


class MailServerAwayError(MailDeferredError):
    """The mail server can't be reached, or does not want to talk to us."""

    code = "mail-server-away"


class MailRefusedError(StitchError):
    """The mail server will never take this mail."""

    kind = ErrorKind.BAD_GATEWAY
    code = "mail-refused"

    def __init__(self, reply: str) -> None:
        super().__init__(f"The mail server will never take this mail: {reply}")
        self.reply = reply
        self.extra["smtp_reply"] = reply
