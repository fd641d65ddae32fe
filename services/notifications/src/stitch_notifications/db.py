"""The schema `notifications`."""

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

from stitch_common.bus.tables import declare_bus_tables
from stitch_common.database import NAMING


class Base(DeclarativeBase):
    """The tables of this service."""

    metadata = MetaData(schema="notifications", naming_convention=NAMING)


declare_bus_tables(Base.metadata)
