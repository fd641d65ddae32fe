"""Take the guests of events that were deleted earlier off their lists, as deleting does now."""

from alembic import op

revision = "0003"
down_revision = "0002"

GUESTS = """
update events.rsvps r set
    status = 'cancelled', queue_number = null, deleted_at = e.deleted_at, updated_at = now(),
    version = r.version + 1,
    field_versions = r.field_versions || jsonb_build_object(
        'status', r.version + 1, 'queue_number', r.version + 1, 'deleted_at', r.version + 1)
from events.events e
where e.id = r.event_id and e.deleted_at is not null and r.deleted_at is null
"""
SEATS = "update events.events set seats_taken = 0 where deleted_at is not null and seats_taken > 0"


def upgrade() -> None:
    op.execute(GUESTS)
    op.execute(SEATS)
