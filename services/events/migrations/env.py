"""Alembic's entry: the events service's tables in the schema "events"."""

from stitch_common.migrations import run_env
from stitch_events.db import Base
from stitch_events.events import models as _events
from stitch_events.rsvps import models as _rsvps

__all__ = ["_events", "_rsvps"]

run_env(Base.metadata, "events")
