"""How many people of a batch events did not invite, so that the batch can be complete."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("alter table notifications.batches add column refused integer not null default 0")
