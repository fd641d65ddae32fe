"""Users, verification mails, sessions, signing keys, recent attempts, the audit log."""

from alembic import op

from stitch_common.bus.tables import create_bus_tables
from stitch_common.migrations import create_idempotency_table

revision = "0001"
down_revision = None

USERS = """
create table auth.users (
    id bigint generated always as identity constraint pk_users primary key,
    email text not null,
    email_key text not null,
    username text not null,
    username_key text not null,
    full_name text not null,
    role varchar(16) not null
        constraint ck_users_role check (role in ('admin', 'editor', 'viewer')),
    is_active boolean not null,
    preferences jsonb not null,
    password_hash text not null,
    email_verified_at timestamptz,
    last_login_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz,
    search tsvector not null generated always as (
        to_tsvector('simple'::regconfig,
            translate(lower(username || ' ' || email || ' ' || full_name), '@._-+', '     '))
    ) stored,
    version integer not null,
    field_versions jsonb not null
);
create unique index uq_users_email_key on auth.users (email_key) where deleted_at is null;
create unique index uq_users_username_key on auth.users (username_key) where deleted_at is null;
create index ix_users_active_admins on auth.users (id)
    where role = 'admin' and is_active and deleted_at is null;
create index ix_users_role_id on auth.users (role, id);
create index ix_users_is_active_id on auth.users (is_active, id);
create index ix_users_search on auth.users using gin (search)
"""

VERIFICATIONS = """
create table auth.email_verifications (
    id bigint generated always as identity constraint pk_email_verifications primary key,
    user_id bigint not null
        constraint fk_email_verifications_user_id references auth.users (id) on delete cascade,
    email_key text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz,
    superseded_at timestamptz
);
create index ix_email_verifications_user_id on auth.email_verifications (user_id)
"""

SESSIONS = """
create table auth.sessions (
    sid text not null constraint pk_sessions primary key,
    user_id bigint not null
        constraint fk_sessions_user_id references auth.users (id) on delete cascade,
    seed bytea not null,
    key_id text not null,
    generation integer not null,
    rotated_at timestamptz not null,
    delivery varchar(16) not null
        constraint ck_sessions_delivery check (delivery in ('cookie', 'body')),
    scope text not null,
    ip text not null,
    user_agent text not null,
    created_at timestamptz not null,
    last_used_at timestamptz not null,
    idle_expires_at timestamptz not null,
    expires_at timestamptz not null,
    ended_at timestamptz,
    end_reason text
);
create index ix_sessions_live on auth.sessions (user_id) where ended_at is null
"""

SIGNING_KEYS = """
create table auth.signing_keys (
    kid text not null constraint pk_signing_keys primary key,
    state varchar(16) not null constraint ck_signing_keys_state
        check (state in ('next', 'active', 'retiring', 'retired')),
    public_jwk jsonb not null,
    sealed_private_key bytea not null,
    created_at timestamptz not null,
    state_since timestamptz not null
);
create unique index uq_signing_keys_one_active on auth.signing_keys (state)
    where state = 'active'
"""

RECENT_ATTEMPTS = """
create unlogged table auth.recent_attempts (
    key bytea not null constraint pk_recent_attempts primary key,
    attempts timestamptz[] not null,
    is_refused boolean not null,
    until timestamptz not null
);
create index ix_recent_attempts_until on auth.recent_attempts (until)
"""

AUDIT_LOG = """
create table auth.audit_log (
    id bigint generated always as identity constraint pk_audit_log primary key,
    at timestamptz not null,
    action text not null,
    result varchar(16) not null
        constraint ck_audit_log_result check (result in ('success', 'failure')),
    actor_id bigint,
    subject text,
    ip text,
    user_agent text,
    request_id text,
    details jsonb not null
);
create index ix_audit_log_actor_id_id on auth.audit_log (actor_id, id);
create index ix_audit_log_action_id on auth.audit_log (action, id);
create index ix_audit_log_at_id on auth.audit_log (at, id)
"""


def upgrade() -> None:
    create_bus_tables(op.get_bind(), "auth")
    create_idempotency_table(op.get_bind(), "auth")
    for tables in (USERS, VERIFICATIONS, SESSIONS, SIGNING_KEYS, RECENT_ATTEMPTS, AUDIT_LOG):
        for statement in tables.split(";\n"):
            op.execute(statement)
