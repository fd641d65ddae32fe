"""A migrated database, the application on it, and people with roles."""

from base64 import b64encode
from collections.abc import AsyncGenerator

import httpx
import pytest
from pydantic import SecretStr

from stitch_common.database import Database
from stitch_common.runtime import StoredRuntime
from stitch_common.security.principals import Role
from stitch_common.testing.clock import SettableClock
from stitch_common.testing.databases import Databases
from stitch_common.testing.services import client_of, runtime_for
from stitch_common.testing.tokens import Issuer
from stitch_notifications.api import create_api
from stitch_notifications.settings import NotificationsSettings

PACKAGE = "stitch_notifications"
KEY = SecretStr(b64encode(b"k" * 32).decode())


@pytest.fixture
async def database(service_databases: Databases) -> AsyncGenerator[Database]:
    """Nothing is left behind in it; one connection, so no races."""
    async with service_databases.savepoint(PACKAGE) as database:
        yield database


@pytest.fixture
async def fresh_dsn(service_databases: Databases) -> AsyncGenerator[str]:
    """A database of the test's own, for real commits and concurrency."""
    async with service_databases.fresh(PACKAGE) as dsn:
        yield dsn


@pytest.fixture
def settings() -> NotificationsSettings:
    return NotificationsSettings(
        environment="test",
        database_url=SecretStr("postgresql://unused"),
        cursor_key=SecretStr("c" * 40),
        link_keys={
            purpose: {"1": KEY}
            for purpose in ("rsvp", "verify-email", "reset-password", "not-me", "unsubscribe")
        },
        public_url="https://stitch.example",
    )


@pytest.fixture
def issuer(clock: SettableClock) -> Issuer:
    return Issuer(clock)


@pytest.fixture
async def runtime(
    settings: NotificationsSettings, database: Database, clock: SettableClock, issuer: Issuer
) -> AsyncGenerator[StoredRuntime[NotificationsSettings]]:
    built = runtime_for("notifications", settings, database=database, clock=clock, issuer=issuer)
    async with built as runtime:
        yield runtime


@pytest.fixture
async def client(
    runtime: StoredRuntime[NotificationsSettings],
) -> AsyncGenerator[httpx.AsyncClient]:
    async with client_of(create_api(runtime)) as client:
        yield client


@pytest.fixture
def editor(issuer: Issuer) -> dict[str, str]:
    return issuer.headers(Role.EDITOR, user_id=2)


@pytest.fixture
def viewer(issuer: Issuer) -> dict[str, str]:
    return issuer.headers(Role.VIEWER, user_id=3)


@pytest.fixture
def admin(issuer: Issuer) -> dict[str, str]:
    return issuer.headers(Role.ADMIN, user_id=1)
