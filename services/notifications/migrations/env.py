"""Alembic's entry; the work is done in stitch_common."""

from stitch_common.migrations import run_env
from stitch_notifications.audience.models import KnownEvent, KnownGuest
from stitch_notifications.db import Base
from stitch_notifications.deliveries.models import Delivery
from stitch_notifications.invitations.models import Batch
from stitch_notifications.templates.models import Template
from stitch_notifications.tracking.models import Suppression

TABLES = (KnownEvent, KnownGuest, Delivery, Batch, Template, Suppression)

run_env(Base.metadata, "notifications")
