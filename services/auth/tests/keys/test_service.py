"""N replicas, one key (S32), sealed (S36)."""

import asyncio
from base64 import b64encode

import jwt
import pytest
from pydantic import SecretStr
from services.auth.tests.conftest import PACKAGE, settings_with

from stitch_auth.keys.service import KeyService
from stitch_common.database import Database
from stitch_common.security.sealing import UnsealError
from stitch_common.testing.clock import SettableClock
from stitch_common.testing.databases import Databases


def replica(database: Database, clock: SettableClock) -> KeyService:
    return KeyService.configured(database, clock, settings_with())


async def test_of_replicas_that_start_together_exactly_one_makes_the_key(
    service_databases: Databases, clock: SettableClock
) -> None:
    async with service_databases.fresh(PACKAGE) as dsn:
        databases = [Database.connect(dsn, application_name="test") for _ in range(3)]
        replicas = [replica(database, clock) for database in databases for _ in range(2)]

        await asyncio.gather(*(keys.ensure_active() for keys in replicas))

        sets = [await keys.jwks() for keys in replicas]
        async with databases[0].connection() as connection:
            rows = await connection.fetch("select kid, state from auth.signing_keys")
            facts = await connection.fetchval("select count(*) from auth.outbox")
        for database in databases:
            await database.dispose()

    assert [(row["kid"], row["state"]) for row in rows] == [(sets[0][0]["kid"], "active")]
    assert all(keys == sets[0] for keys in sets)
    assert facts == 1


async def test_the_private_key_is_sealed_and_bound_to_its_id(
    database: Database, clock: SettableClock
) -> None:
    async with database.connection() as connection:
        sealed = await connection.fetchval("select sealed_private_key from auth.signing_keys")
        await connection.execute("update auth.signing_keys set kid = 'another'")

    assert sealed.startswith(b"k1:")
    with pytest.raises(UnsealError):
        await replica(database, clock).ensure_active()


async def test_a_wrong_sealing_key_refuses_to_start(
    database: Database, clock: SettableClock
) -> None:
    wrong = SecretStr(b64encode(b"w" * 32).decode())
    keys = KeyService.configured(database, clock, settings_with(secret_keys={"k1": wrong}))

    with pytest.raises(UnsealError):
        await keys.ensure_active()


async def test_a_replica_signs_what_another_verifies(
    database: Database, clock: SettableClock
) -> None:
    token = await replica(database, clock).sign({"sub": "1"})

    header = jwt.get_unverified_header(token)
    key = await replica(database, clock).find(header["kid"])
    assert key is not None
    assert jwt.decode(token, key, algorithms=["RS256"]) == {"sub": "1"}
    assert (header["alg"], header["typ"]) == ("RS256", "at+jwt")
