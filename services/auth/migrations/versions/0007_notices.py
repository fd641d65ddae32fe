"""Notices with which owners object, and what tells old rows from young ones."""

from alembic import op

revision = "0007"
down_revision = "0006"

STATEMENTS = (
    """
    create table auth.notices (
        id bigint generated always as identity constraint pk_notices primary key,
        user_id bigint not null
            constraint fk_notices_user_id references auth.users (id) on delete cascade,
        about varchar(32) not null constraint ck_notices_about check (about in (
            'password-changed', 'password-reset', 'email-changed', 'registration-repeated',
            'new-device', 'second-factor-added', 'second-factor-removed')),
        email text not null,
        created_at timestamptz not null,
        expires_at timestamptz not null,
        used_at timestamptz,
        superseded_at timestamptz
    )
    """,
    "create index ix_notices_user_id on auth.notices (user_id)",
    "create index ix_notices_expires_at on auth.notices (expires_at)",
    "create index ix_sessions_user_id_created_at on auth.sessions (user_id, created_at)",
    "create index ix_sessions_expires_at on auth.sessions (expires_at)",
    "create index ix_sessions_ended_at on auth.sessions (ended_at) where ended_at is not null",
    "create index ix_password_resets_expires_at on auth.password_resets (expires_at)",
    "create index ix_email_verifications_expires_at on auth.email_verifications (expires_at)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
