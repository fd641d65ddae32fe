"""The migrated schema is the one that the models describe."""

from stitch_common.database import Database
from stitch_common.testing.schemas import drift
from stitch_notifications.db import Base


async def test_the_migrations_make_what_the_models_describe(database: Database) -> None:
    assert await drift(database, Base.metadata) == []
