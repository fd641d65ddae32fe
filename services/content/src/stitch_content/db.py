"""The service's schema."""

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

from stitch_common.bus.tables import declare_bus_tables
from stitch_common.database import NAMING

SCHEMA = "content"


class Base(DeclarativeBase):
    """The tables of the content service."""

    metadata = MetaData(schema=SCHEMA, naming_convention=NAMING)


declare_bus_tables(Base.metadata)
