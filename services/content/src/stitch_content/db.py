"""The service's schema."""

from importlib import import_module

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

from stitch_common.bus.tables import declare_bus_tables
from stitch_common.database import NAMING


class Base(DeclarativeBase):
    """The tables of the content service."""

    metadata = MetaData(schema="content", naming_convention=NAMING)


declare_bus_tables(Base.metadata)


def all_tables() -> MetaData:
    """The metadata once every slice has declared its tables; for migrations and drift checks."""
    for name in ("content", "site_settings", "dashboard"):
        import_module(f"stitch_content.{name}.models")
    return Base.metadata
