"""The service on a real PostgreSQL, and people with roles."""

from collections.abc import AsyncGenerator

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from stitch_ai.api import create_api
from stitch_ai.settings import AISettings
from stitch_common.database import Database
from stitch_common.runtime import StoredRuntime
from stitch_common.security.principals import Role
from stitch_common.testing.clock import SettableClock
from stitch_common.testing.databases import Databases
from stitch_common.testing.services import client_of, runtime_for
from stitch_common.testing.tokens import Issuer

PACKAGE = "stitch_ai"
GARDENS = """# Community gardens

Community gardens bring neighbours together. They turn empty lots into places where people grow \
vegetables, share tools and learn from each other. In Leipzig alone, more than forty community \
gardens have opened since 2010.

The city supports new gardens with soil tests and water connections. Volunteers build raised beds \
because the ground of former industrial sites is often polluted. A typical garden needs about six \
months from the first meeting to the first harvest.

Research shows that gardeners eat more vegetables and know more of their neighbours than other \
people in the same street. Children who help in a garden are more willing to try new food.

If you want to start a garden, talk to your neighbours first. Then ask the city for a list of free \
lots, and find at least five people who will come every week.
"""


@pytest.fixture
def gardens() -> str:
    """A short article."""
    return GARDENS


@pytest.fixture
def settings() -> AISettings:
    return AISettings(
        environment="test",
        database_url=SecretStr("postgresql://unused"),
        cursor_key=SecretStr("c" * 32),
    )


@pytest.fixture
async def database(service_databases: Databases) -> AsyncGenerator[Database]:
    """Nothing is left behind in it; one connection, so no races."""
    async with service_databases.savepoint(PACKAGE) as database:
        yield database


@pytest.fixture
def issuer(clock: SettableClock) -> Issuer:
    return Issuer(clock)


@pytest.fixture
async def runtime(
    database: Database, clock: SettableClock, issuer: Issuer, settings: AISettings
) -> AsyncGenerator[StoredRuntime[AISettings]]:
    wired = runtime_for("ai", settings, database=database, clock=clock, issuer=issuer)
    async with wired as runtime:
        yield runtime


@pytest.fixture
def app(runtime: StoredRuntime[AISettings]) -> FastAPI:
    return create_api(runtime)


@pytest.fixture
async def client(app: FastAPI) -> AsyncGenerator[httpx.AsyncClient]:
    async with client_of(app) as client:
        yield client


@pytest.fixture
def editor(issuer: Issuer) -> dict[str, str]:
    return issuer.headers(Role.EDITOR, user_id=7)


@pytest.fixture
def viewer(issuer: Issuer) -> dict[str, str]:
    return issuer.headers(Role.VIEWER, user_id=8)
