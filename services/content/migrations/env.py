"""Alembic's entry: the content service's tables in its own schema."""

from stitch_common.migrations import run_env
from stitch_content.tables import Base

run_env(Base.metadata, "content")
