"""What a fresh system has before anybody logs in."""

import asyncio

from pydantic import SecretStr
from services.auth.tests.conftest import PASSWORD, Wire, Wired, settings_with

from stitch_auth.settings import AuthSettings, BootstrapUser
from stitch_auth.worker import FirstThings, create_worker
from stitch_common.database import Database
from stitch_common.testing.components import running

USERS = (
    BootstrapUser(
        username="admin",
        email="admin@example.com",
        password=SecretStr(PASSWORD),
        full_name="Ada Admin",
        role="admin",
    ),
    BootstrapUser(
        username="viewer",
        email="viewer@example.com",
        password=SecretStr(PASSWORD),
        full_name="Vera Viewer",
        role="viewer",
    ),
)


def settings() -> AuthSettings:
    return settings_with(bootstrap_users=USERS)


async def prepare(wired: Wired) -> None:
    """Run the worker's component until it has done its work."""
    component, *_others = create_worker(wired.runtime).components
    assert isinstance(component, FirstThings)
    assert await component.ready() is not None
    async with running(component):
        assert await component.ready() is None


async def test_configured_people_can_log_in_and_there_is_a_key(
    wire: Wire, empty_database: Database
) -> None:
    wired = await wire(empty_database, settings())

    await prepare(wired)

    form = {"username": "admin", "password": PASSWORD}
    token = (await wired.client.post("/api/auth/token", data=form)).json()["access_token"]
    me = await wired.client.get("/api/auth/me", headers={"authorization": f"Bearer {token}"})
    assert (me.json()["role"], me.json()["is_verified"]) == ("admin", True)
    assert [fact["username"] for fact in await wired.facts("user.registered")] == [
        "admin", "viewer",
    ]  # fmt: skip
    assert len(await wired.facts("user.verified")) == 2


async def test_starting_again_changes_nothing(wire: Wire, database: Database) -> None:
    wired = await wire(database, settings())
    await prepare(wired)
    before = await wired.rows("select * from auth.users order by id")

    await prepare(wired)

    assert await wired.rows("select * from auth.users order by id") == before


async def test_replicas_that_start_together_make_everybody_once(
    wire: Wire, busy_database: Database
) -> None:
    replicas = [await wire(busy_database, settings()) for _ in range(3)]

    await asyncio.gather(*(prepare(replica) for replica in replicas))

    assert len(await replicas[0].rows("select 1 from auth.users")) == 2
    assert len(await replicas[0].facts("user.registered")) == 2
