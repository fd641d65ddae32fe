"""Mails with which people set a new password, and addresses that wait for their confirmation."""

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS = (
    """
    create table auth.password_resets (
        id bigint generated always as identity constraint pk_password_resets primary key,
        user_id bigint not null
            constraint fk_password_resets_user_id references auth.users (id) on delete cascade,
        created_at timestamptz not null,
        expires_at timestamptz not null,
        used_at timestamptz,
        superseded_at timestamptz
    )
    """,
    "create index ix_password_resets_user_id on auth.password_resets (user_id)",
    "alter table auth.email_verifications add column new_email text, add column asked_in text",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
