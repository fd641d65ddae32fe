"""What can go wrong with a seat."""

from stitch_common.errors import ErrorKind, StitchError


class EventFullError(StitchError):
    """There are not enough seats left."""

    kind = ErrorKind.CONFLICT
    code = "event-full"

    @classmethod
    def with_left(cls, seats_left: int) -> "EventFullError":
        """Say how many there are, so that a smaller party can try."""
        counted = {0: "No seats are", 1: "Only 1 seat is"}
        words = counted.get(seats_left, f"Only {seats_left} seats are")
        return cls(f"{words} left.", extra={"seats_left": seats_left})
