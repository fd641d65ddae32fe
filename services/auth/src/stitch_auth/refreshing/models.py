"""A session as its refresh tokens see it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from stitch_auth.sessions.models import Delivery, idle_end
from stitch_common.security.principals import Role


class Verdict(StrEnum):
    """What a genuine refresh token means to its family."""

    CURRENT = "current"
    REPEATED = "repeated"
    """The previous token, within the grace: its owner has not seen the answer, or asked twice."""
    REPLAYED = "replayed"
    """An older one: two people have this session."""
    ENDED = "ended"


@dataclass(slots=True)
class Owner:
    """Whose session it is, as access tokens tell of them."""

    id: int
    username: str
    role: Role
    is_usable: bool


@dataclass(slots=True)
class Family:
    """A session and the refresh tokens that follow each other in it.

    A copy of two rows, not the rows themselves: a refresh is too short for an ORM's bookkeeping.
    """

    owner: Owner
    sid: str
    seed: bytes
    key_id: str
    generation: int
    rotated_at: datetime
    """When the previous token was used first."""
    delivery: Delivery
    scope: str
    idle_expires_at: datetime
    expires_at: datetime
    ended_at: datetime | None

    def judge(self, generation: int, at: datetime, *, grace: timedelta) -> Verdict:
        """What its token of this generation means now (RFC 9700 §4.14)."""
        if not self._is_live(at):
            return Verdict.ENDED
        if generation == self.generation:
            return Verdict.CURRENT
        # From the first use on, so that repeating does not prolong it.
        if generation == self.generation - 1 and at - self.rotated_at <= grace:
            return Verdict.REPEATED
        return Verdict.REPLAYED

    def rotate(self, at: datetime, *, idle_ttl: timedelta) -> None:
        """Make the next token the current one, and put the end off."""
        self.generation += 1
        self.rotated_at = at
        self.idle_expires_at = idle_end(at, idle_ttl, self.expires_at)

    def _is_live(self, at: datetime) -> bool:
        return self.owner.is_usable and self.ended_at is None and at < self.idle_expires_at
