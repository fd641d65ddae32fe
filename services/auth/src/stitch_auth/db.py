"""The schema `auth`."""

from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import Enum, MetaData
from sqlalchemy.orm import DeclarativeBase

from stitch_common.bus.tables import declare_bus_tables
from stitch_common.database import NAMING

E = TypeVar("E", bound=StrEnum)


class Base(DeclarativeBase):
    """The tables of this service."""

    metadata = MetaData(schema="auth", naming_convention=NAMING)


def words(kind: type[E], name: str, *, length: int = 16) -> Enum:
    """A text column that holds one of these words, checked by the database."""
    return Enum(
        kind,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=length,
        values_callable=_values,
    )


def _values(kind: Any) -> list[str]:
    return [member.value for member in kind]


declare_bus_tables(Base.metadata)
