"""What an operator can mend; the docstring or the text is the sentence they read."""


class OperatorError(Exception):
    """The command could not do what was asked."""

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail or type(self).__doc__)


class NoDatabaseError(OperatorError):
    """Set STITCH_DATABASE_URL (or STITCH_DATABASE_URL_FILE): the outbox lies in PostgreSQL."""
