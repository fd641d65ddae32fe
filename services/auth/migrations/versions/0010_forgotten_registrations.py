"""Registrations that nobody confirms are found by their age; invitations are not among them."""

from alembic import op

revision = "0010"
down_revision = "0009"

STATEMENTS = (
    "alter table auth.users add column is_invited boolean not null default false",
    """
    update auth.users set is_invited = true
    where 'user:' || id in (select subject from auth.audit_log where action = 'user.invited')
    """,
    """
    create index ix_users_unconfirmed on auth.users (created_at)
    where email_verified_at is null and is_active and not is_invited and deleted_at is null
    """,
    "create index ix_wanted_names_created_at on auth.wanted_names (created_at)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
