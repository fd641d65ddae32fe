"""The service's schema."""

from datetime import datetime

from sqlalchemy import TIMESTAMP, MetaData
from sqlalchemy.orm import DeclarativeBase

from stitch_common.bus.tables import declare_bus_tables
from stitch_common.database import NAMING

SCHEMA = "ai"


class Base(DeclarativeBase):
    """The tables of the ai service."""

    metadata = MetaData(schema=SCHEMA, naming_convention=NAMING)
    type_annotation_map = {datetime: TIMESTAMP(timezone=True)}  # noqa: RUF012 - SQLAlchemy's way


declare_bus_tables(Base.metadata)
