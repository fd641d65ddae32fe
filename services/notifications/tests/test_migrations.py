"""The migrated schema is the one that the models describe."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.ext.asyncio import create_async_engine

from stitch_common.bus.tables import XID8
from stitch_common.database import driver_url
from stitch_notifications.audience.models import KnownEvent
from stitch_notifications.deliveries.models import Delivery
from stitch_notifications.invitations.models import Batch
from stitch_notifications.templates.models import Template
from stitch_notifications.tracking.models import Suppression

MODELS = (KnownEvent, Delivery, Batch, Template, Suppression)
NOT_OURS = {"alembic_version", "idempotency_keys", "outbox_default"}


def differences(connection: Connection) -> list[object]:
    def is_ours(name: str | None, type_: str, _parents: object) -> bool:
        return name == "notifications" if type_ == "schema" else name not in NOT_OURS

    options = {
        "include_schemas": True,
        "include_name": is_ours,
        "compare_server_default": True,
    }
    ischema_names["xid8"] = XID8  # SQLAlchemy does not know the type by itself
    found = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(found, Delivery.metadata))


async def test_the_models_and_the_migrated_schema_agree(fresh_dsn: str) -> None:
    engine = create_async_engine(driver_url(fresh_dsn))

    async with engine.connect() as connection:
        found = await connection.run_sync(differences)

    await engine.dispose()
    assert found == []
