"""Alembic's entry: the content service's tables in its own schema."""

from stitch_common.migrations import run_env
from stitch_content.db import all_tables

run_env(all_tables(), "content")
