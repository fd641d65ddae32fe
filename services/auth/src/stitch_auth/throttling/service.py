"""Limits that hold across replicas."""

from math import ceil

from stitch_auth.throttling import repository
from stitch_auth.throttling.errors import ThrottledError
from stitch_auth.throttling.models import Limit
from stitch_common.clock import Clock
from stitch_common.database import Database

THROTTLING_ERRORS = (ThrottledError,)
"""What a limited route may answer."""


class Throttle:
    """Counts attempts by whatever they have in common."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def admit(self, limit: Limit, *parts: str) -> None:
        """Count one attempt; ThrottledError if the limit is used up, and then it counts nothing."""
        now = self._clock()
        is_refused, recent = await repository.attempt(self._database, limit, limit.key(*parts), now)
        if is_refused:
            raise _refusal(limit, seconds=max(1, ceil(limit.wait(recent, now).total_seconds())))

    async def forget(self, limit: Limit, *parts: str) -> None:
        """What was tried has succeeded: what came before counts no more."""
        await repository.forget(self._database, limit.key(*parts))

    async def has_room(self, limit: Limit, *parts: str) -> bool:
        """Count one attempt where a refusal must not show."""
        try:
            await self.admit(limit, *parts)
        except ThrottledError:
            return False
        return True


def _refusal(limit: Limit, *, seconds: int) -> ThrottledError:
    window = ceil(limit.window.total_seconds())
    return ThrottledError(
        f"There were too many attempts; try again in {seconds} s.",
        extra={"violated-policies": [limit.name]},
        headers={
            "retry-after": str(seconds),
            "ratelimit-policy": f'"{limit.name}";q={limit.count};w={window}',
            "ratelimit": f'"{limit.name}";r=0;t={seconds}',
        },
    )
