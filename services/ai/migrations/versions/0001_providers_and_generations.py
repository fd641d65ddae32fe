"""Providers with exactly one default, and the immutable record of what was generated."""

from alembic import op

from stitch_common.bus.tables import create_bus_tables
from stitch_common.migrations import create_idempotency_table

revision = "0001"
down_revision = None

PROVIDERS = """
create table ai.providers (
    id bigint generated always as identity,
    name text not null,
    kind text not null,
    base_url text,
    api_key bytea,
    models jsonb not null,
    default_model text not null,
    position integer not null,
    is_active boolean not null,
    is_default boolean not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    version integer not null,
    field_versions jsonb not null,
    constraint pk_providers primary key (id),
    constraint uq_providers_name unique (name),
    constraint ck_providers_kind
        check (kind in ('local', 'openai', 'anthropic', 'openrouter', 'openai_compatible')),
    constraint ck_providers_default check (is_active or not is_default)
);
create unique index uq_providers_is_default on ai.providers (is_default) where is_default;
create index ix_providers_position_id on ai.providers (position, id)
"""

# The unique index allows at most one default; this wants one at the end of every transaction.
ONE_DEFAULT = """
create function ai.expect_one_default_provider() returns trigger language plpgsql as $$
begin
    if not exists (select from ai.providers where is_default) then
        raise exception 'one provider must be the default'
            using errcode = 'check_violation', constraint = 'ck_providers_one_default',
                schema = 'ai', table = 'providers';
    end if;
    return null;
end $$
"""
ONE_DEFAULT_TRIGGER = """
create constraint trigger one_default after update or delete on ai.providers
    deferrable initially deferred
    for each row execute function ai.expect_one_default_provider()
"""

LOCAL_PROVIDER = """
insert into ai.providers (
    name, kind, models, default_model, position, is_active, is_default,
    created_at, updated_at, version, field_versions
) values (
    'local', 'local',
    '[{"name": "extractive", "context_tokens": 32000, "input_price": 0, "output_price": 0}]',
    'extractive', 0, true, true, now(), now(), 1, '{}'
)
"""

GENERATIONS = """
create table ai.generations (
    id uuid not null,
    user_id bigint not null,
    provider_id bigint,
    provider text not null,
    model text not null,
    outcome text not null,
    reason text,
    prompt_tokens bigint not null,
    completion_tokens bigint not null,
    attempts jsonb not null,
    duration_ms integer not null,
    created_at timestamptz not null,
    constraint pk_generations primary key (id),
    constraint ck_generations_outcome check (outcome in ('completed', 'failed')),
    constraint ck_generations_reason check ((outcome = 'failed') = (reason is not null)),
    constraint ck_generations_tokens check (prompt_tokens >= 0 and completion_tokens >= 0)
);
create index ix_generations_user_id_created_at on ai.generations (user_id, created_at);
create index ix_generations_created_at on ai.generations (created_at)
"""

IMMUTABLE = """
create function ai.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'what was generated and charged does not change'
        using errcode = 'integrity_constraint_violation';
end $$
"""
IMMUTABLE_TRIGGER = """
create trigger immutable before update or delete or truncate on ai.generations
    for each statement execute function ai.refuse_change()
"""


def upgrade() -> None:
    for statement in (PROVIDERS + ";\n" + GENERATIONS).split(";\n"):
        op.execute(statement)
    for statement in (ONE_DEFAULT, ONE_DEFAULT_TRIGGER, IMMUTABLE, IMMUTABLE_TRIGGER):
        op.execute(statement)
    op.execute(LOCAL_PROVIDER.replace(":", r"\:"))
    create_bus_tables(op, "ai")
    create_idempotency_table(op.get_bind(), "ai")
