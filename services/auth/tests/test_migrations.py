"""The migrated schema is the one that the models describe."""

from stitch_auth.db import Base
from stitch_common.database import Database
from stitch_common.testing.schemas import drift


async def test_the_migrations_make_what_the_models_describe(empty_database: Database) -> None:
    assert await drift(empty_database, Base.metadata) == []
