"""What went wrong, in one sentence for the person at the terminal."""


class StackError(Exception):
    """The development stack can't do what was asked; the message says why and what helps."""
