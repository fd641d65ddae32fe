"""Signing keys that follow each other, and revoked ones."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("alter table auth.signing_keys add column revoked_at timestamptz")
    op.execute(
        "create unique index uq_signing_keys_one_next on auth.signing_keys (state)"
        " where state = 'next'"
    )
