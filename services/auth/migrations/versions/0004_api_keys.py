"""Keys with which programs get access tokens."""

from alembic import op

revision = "0004"
down_revision = "0003"

STATEMENTS = (
    """
    create table auth.api_keys (
        id bigint generated always as identity constraint pk_api_keys primary key,
        client_id text not null constraint uq_api_keys_client_id unique,
        secret_hash bytea not null,
        name text not null,
        owner_id bigint not null
            constraint fk_api_keys_owner_id references auth.users (id) on delete cascade,
        role varchar(16) not null
            constraint ck_api_keys_role check (role in ('admin', 'editor', 'viewer')),
        created_at timestamptz not null,
        expires_at timestamptz not null,
        last_used_at timestamptz,
        revoked_at timestamptz
    )
    """,
    "create index ix_api_keys_owner_id on auth.api_keys (owner_id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
