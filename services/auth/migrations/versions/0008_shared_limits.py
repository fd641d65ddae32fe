"""Contract: limits are counted by NATS, and no released version wrote these rows."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute("drop table auth.recent_attempts")
