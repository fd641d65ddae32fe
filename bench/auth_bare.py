"""Refreshes without a service: the same statements through the same driver, and one signature each.

What any service in Python can reach at the most: no HTTP, no JSON, nothing looked at or decided.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import asyncpg
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256

from stitch_auth.refreshing.repository import FIND, ROTATE
from stitch_common.clock import utc_now
from stitch_common.testing.tokens import test_key

LASTS = timedelta(days=14)


def sign() -> bytes:
    return test_key().sign(b"token", padding.PKCS1v15(), SHA256())


class BareRefreshes:
    """Each person has a connection, and the session that pgbench's client of this number has."""

    def __init__(self, connections: dict[int, "asyncpg.Connection[asyncpg.Record]"]) -> None:
        self._connections = connections

    @classmethod
    @asynccontextmanager
    async def connected(cls, dsn: str, people: Sequence[int]) -> AsyncGenerator["BareRefreshes"]:
        async with AsyncExitStack() as stack:
            connections = {}
            for number in people:
                connections[number] = await asyncpg.connect(dsn)
                stack.push_async_callback(connections[number].close)
            yield cls(connections)

    async def refresh(self, number: int) -> None:
        connection, sid, now = self._connections[number], f"bench-{number + 1}", utc_now()
        family = await connection.fetchrow(FIND, sid)
        assert family is not None
        rotated = (sid, family["generation"], now, now + LASTS, "127.0.0.1", "", None)
        assert await connection.fetchval(ROTATE, *rotated)
        sign()
