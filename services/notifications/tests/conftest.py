"""A migrated database, the application on it, and people with roles."""

from base64 import b64encode
from collections.abc import AsyncGenerator

import pytest
from pydantic import SecretStr

from stitch_common.database import Database
from stitch_common.testing.databases import Databases
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
        link_keys={purpose: {"1": KEY} for purpose in ("rsvp", "verify-email", "unsubscribe")},
        public_url="https://stitch.example",
    )
