"""Alembic's entry: the ai service's tables in the schema "ai"."""

from stitch_ai.db import Base
from stitch_ai.generation import models as _generation
from stitch_ai.providers import models as _providers
from stitch_common.migrations import run_env

__all__ = ["_generation", "_providers"]

run_env(Base.metadata, "ai")
