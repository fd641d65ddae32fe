"""Limits that hold across replicas, and how guessing passwords is slowed down."""

from collections.abc import Sequence
from datetime import timedelta

from stitch_auth.callers.models import Caller
from stitch_auth.settings import AuthSettings
from stitch_auth.throttling.models import Attempt
from stitch_auth.throttling.rules import KnownDevices, login_steps, share_of_strangers
from stitch_common.clock import Clock
from stitch_common.limits.answers import QuotaExceededError, refusal
from stitch_common.limits.counters import Hit, SharedCounters
from stitch_common.limits.models import Limit, Verdict

THROTTLING_ERRORS = (QuotaExceededError,)
"""What a limited route may answer."""
NEWS = Limit("login-throttled-news", 1, timedelta(minutes=10))
"""How often it is told that an account is being guessed at: attackers must not make us write."""


class Throttle:
    """Counts attempts by whatever they have in common."""

    def __init__(self, counters: SharedCounters) -> None:
        self._counters = counters

    async def admit(self, limit: Limit, *parts: str) -> None:
        """Count one attempt; QuotaExceededError if the limit is used up: that counts nothing."""
        await self.admit_all([(limit, _key(*parts))])

    async def admit_all(self, hits: Sequence[Hit]) -> list[Verdict]:
        """Count one attempt against several limits, or against none if one is used up."""
        verdicts = await self._counters.hit_all(hits)
        if refused := [
            (limit, verdict)
            for (limit, _), verdict in zip(hits, verdicts, strict=True)
            if not verdict.is_admitted
        ]:
            raise refusal(refused)
        return verdicts

    async def has_room(self, limit: Limit, *parts: str) -> bool:
        """Count one attempt where a refusal must not show."""
        return (await self._counters.hit(limit, _key(*parts))).is_admitted

    async def forget(self, limits: Sequence[Limit], key: str) -> None:
        """Count anew; no other limit may know this key."""
        await self._counters.forget(limits, key)


class LoginThrottle:
    """Slows guessing down, per account and network, and keeps known devices out of it.

    Guesses from one network never stop the owner in another one, nor in the same one on a device
    from which the owner has logged in before (ASVS 6.1.1).
    """

    def __init__(self, throttle: Throttle, clock: Clock, settings: AuthSettings) -> None:
        self._throttle = throttle
        self._clock = clock
        self._devices = KnownDevices(settings.secret_keys, ttl=settings.device_ttl)
        self._most_failures = settings.max_failed_logins
        self._always, *self._since_success = login_steps(
            settings.login_limit, settings.login_window, per_hour=settings.login_limit_per_hour
        )
        self._per_network = Limit(
            "login-network", settings.login_limit_per_network, settings.login_window
        )

    async def admit(self, user_id: int | None, login: str, caller: Caller) -> Attempt:
        """Count a log-in before the password is looked at, so also in parallel.

        QuotaExceededError: the same for right and wrong passwords, for known and unknown names.
        """
        # One account has one limit, whichever of its names is used.
        account = f"login:{login.casefold()}" if user_id is None else f"user:{user_id}"
        device = self._device(user_id, caller)
        whence = caller.network if device is None else f"device:{device}"
        since_success = _key("since success", account, whence)
        hits = [(self._always, _key(account, whence))]
        hits += [(step, since_success) for step in self._since_success]
        of_network = [(self._per_network, caller.network)] if device is None else []
        _, *verdicts = await self._throttle.admit_all([*hits, *of_network])
        were_others = any(
            verdict.remaining < step.most - 1
            for step, verdict in zip(self._since_success, verdicts, strict=False)
        )
        most = self._most_failures
        return Attempt(
            share_of_strangers(most) if device is None else most,
            forgivable=since_success if were_others else None,
        )

    async def forgive(self, attempt: Attempt) -> None:
        """The password was right: guesses before it count no more."""
        if attempt.forgivable is not None:
            await self._throttle.forget(self._since_success, attempt.forgivable)

    async def is_news(self, user_id: int | None, caller: Caller) -> bool:
        """Whether it is worth telling that this account is being guessed at."""
        about = caller.network if user_id is None else f"user:{user_id}"
        return await self._throttle.has_room(NEWS, about)

    def mark_device(self, user_id: int) -> str:
        """What the device shall bring along that has just logged in."""
        return self._devices.mark(user_id, self._clock())

    def _device(self, user_id: int | None, caller: Caller) -> str | None:
        if user_id is None or not caller.device_mark:
            return None
        return self._devices.recognise(caller.device_mark, user_id, self._clock())


def _key(*parts: str) -> str:
    return "\0".join(parts)
