"""What the auth service does apart from answering HTTP."""

import asyncio
import random
from contextlib import suppress

import structlog
from asyncpg import PostgresError
from sqlalchemy.exc import SQLAlchemyError

from stitch_auth.keys.service import KeyLifecycle, KeyService
from stitch_auth.mfa.service import SecondFactorService
from stitch_auth.notices.consumers import create_consumer
from stitch_auth.notices.service import NewDeviceService
from stitch_auth.passwords.service import PasswordService
from stitch_auth.pruning.service import PruningService
from stitch_auth.registration.service import RegistrationService
from stitch_auth.settings import AuthSettings, BootstrapUser
from stitch_auth.throttling.service import Throttle
from stitch_auth.verification.service import MailLimits
from stitch_common.limits.counters import SharedCounters
from stitch_common.process import Worker
from stitch_common.runtime import StoredRuntime

TICK_SECONDS = 15.0
PRUNE_SECONDS = 3600.0

log = structlog.get_logger(__name__)


class FirstThings:
    """Makes what a fresh system needs before anybody can log in: a signing key, and users."""

    name = "first-things"

    def __init__(
        self,
        keys: KeyService,
        registrations: RegistrationService,
        users: tuple[BootstrapUser, ...],
    ) -> None:
        self._keys = keys
        self._registrations = registrations
        self._users = users
        self._is_done = False

    async def run(self, stop: asyncio.Event) -> None:
        """Make what is missing; it is safe to do again and on many replicas at once."""
        await self._keys.ensure_active()
        for user in self._users:
            if await self._registrations.ensure(user):
                log.info("user_made", username=user.username, role=user.role)
        self._is_done = True
        await stop.wait()

    async def ready(self) -> str | None:
        return None if self._is_done else "the first key and users are being made"


class KeyRotation:
    """Lets signing keys follow each other on schedule; every replica may do it."""

    name = "key-rotation"

    def __init__(self, lifecycle: KeyLifecycle) -> None:
        self._lifecycle = lifecycle

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await self._lifecycle.tick()
            except (OSError, SQLAlchemyError):
                log.exception("key_rotation_failed")  # the keys that there are still work
            await _rest(stop, TICK_SECONDS)

    async def ready(self) -> str | None:
        return None


class Pruning:
    """Deletes what is old once an hour; every replica may do it."""

    name = "pruning"

    def __init__(self, service: PruningService) -> None:
        self._service = service

    async def run(self, stop: asyncio.Event) -> None:
        # Replicas that start together do not begin together.
        await _rest(stop, random.uniform(0.01, 0.1) * PRUNE_SECONDS)  # noqa: S311 - a moment
        while not stop.is_set():
            try:
                if rows := await self._service.prune():
                    log.info("pruned", rows=rows)
            except (OSError, SQLAlchemyError, PostgresError):
                log.exception("pruning_failed")  # what is old gets older
            await _rest(stop, PRUNE_SECONDS)

    async def ready(self) -> str | None:
        return None


async def _rest(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


async def rewrap(runtime: StoredRuntime[AuthSettings]) -> str:
    """Seal everything with the last key of STITCH_SECRET_KEYS."""
    lifecycle = KeyLifecycle(runtime.database, runtime.clock, runtime.settings)
    factors = SecondFactorService(
        runtime.database,
        runtime.clock,
        settings=runtime.settings,
        throttle=Throttle(SharedCounters(runtime.bus, runtime.clock)),
    )
    keys, secrets = await lifecycle.rewrap(), await factors.rewrap()
    return f"{keys} signing keys and {secrets} second factors were sealed again"


COMMANDS = {"rewrap": rewrap}


def create_worker(runtime: StoredRuntime[AuthSettings]) -> Worker:
    settings, database, clock = runtime.settings, runtime.database, runtime.clock
    registrations = RegistrationService(
        database,
        clock,
        settings=settings,
        passwords=PasswordService.configured(settings),
        limits=MailLimits(Throttle(SharedCounters(runtime.bus, clock)), settings),
    )
    keys = KeyService.configured(database, clock, settings)
    devices = NewDeviceService(database, clock, settings.objection_ttl)
    return Worker(
        consumers=[create_consumer(devices)],
        components=[
            FirstThings(keys, registrations, settings.bootstrap_users),
            KeyRotation(KeyLifecycle(database, clock, settings)),
            Pruning(PruningService(database, clock, settings)),
        ],
    )
