"""Events and guests as known here, batches, templates, deliveries, suppressions."""

from alembic import op

from stitch_common.bus.tables import create_bus_tables
from stitch_common.migrations import create_idempotency_table

revision = "0001"
down_revision = None

AUDIENCE = """
create table notifications.events (
    event_id bigint not null constraint pk_events primary key,
    version integer not null,
    status text not null,
    state jsonb
);
create table notifications.guests (
    rsvp_id bigint not null constraint pk_guests primary key,
    event_id bigint not null,
    version integer not null,
    email text not null,
    name text not null,
    status text not null,
    awaits_confirmation boolean not null,
    state jsonb not null
);
create index ix_guests_event_id_status on notifications.guests (event_id, status);
create index ix_guests_event_id_address on notifications.guests (event_id, lower(email))
"""

BATCHES = """
create table notifications.batches (
    id uuid not null constraint pk_batches primary key,
    event_id bigint not null,
    kind text not null,
    template_id bigint,
    requested_by bigint not null,
    queued integer not null,
    skipped integer not null,
    created_at timestamptz not null
)
"""

TEMPLATES = """
create table notifications.templates (
    id bigint generated always as identity constraint pk_templates primary key,
    kind text not null,
    name text not null,
    subject text not null,
    text text not null,
    mjml text,
    is_builtin boolean not null default false,
    is_default boolean not null default false,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz,
    version integer not null,
    field_versions jsonb not null
);
create unique index uq_templates_name on notifications.templates (name)
    where deleted_at is null;
create unique index uq_templates_default on notifications.templates (kind)
    where is_default and deleted_at is null;
create index ix_templates_kind_id on notifications.templates (kind, id);
insert into notifications.templates
    (kind, name, subject, text, is_builtin, created_at, updated_at, version, field_versions)
select kind, name, '', '', true, now(), now(), 1, '{}'
from (values
    (1, 'invitation', 'Standard invitation'),
    (2, 'reminder', 'Standard reminder'),
    (3, 'confirmation', 'Standard confirmation'),
    (4, 'update', 'Standard update'),
    (5, 'cancellation', 'Standard cancellation'),
    (6, 'waitlist', 'Standard waiting list'),
    (7, 'guest-link', 'Standard registration link'),
    (8, 'verification', 'Standard verification'),
    (9, 'registration-repeated', 'Standard note on a repeated registration')
) as standard (place, kind, name)
order by place
"""

DELIVERIES = """
create table notifications.deliveries (
    id bigint generated always as identity constraint pk_deliveries primary key,
    version integer not null default 1,
    kind text not null,
    occasion text not null,
    event_id bigint,
    rsvp_id bigint,
    user_id bigint,
    batch_id uuid,
    template_id bigint,
    recipient_email text not null,
    recipient_name text not null,
    subject text not null,
    details jsonb not null default '{}',
    message_id uuid not null default gen_random_uuid(),
    status text not null default 'pending',
    priority smallint not null,
    attempts integer not null default 0,
    last_smtp_reply text,
    note text,
    claim uuid,
    next_attempt_at timestamptz not null,
    give_up_at timestamptz not null,
    created_at timestamptz not null,
    sent_at timestamptz,
    opened_at timestamptz,
    clicked_at timestamptz,
    traceparent text,
    request_id text,
    constraint uq_deliveries_kind_occasion unique (kind, occasion),
    constraint ck_deliveries_status check (status in (
        'pending', 'sending', 'sent', 'delivered', 'deferred', 'failed', 'bounced', 'suppressed',
        'cancelled'))
);
create index ix_deliveries_due on notifications.deliveries (priority, next_attempt_at, id)
    where status in ('deferred', 'pending', 'sending');
create index ix_deliveries_claim on notifications.deliveries (claim) where status = 'sending';
create index ix_deliveries_event_id_id on notifications.deliveries (event_id, id);
create index ix_deliveries_event_id_status_id on notifications.deliveries (event_id, status, id);
create index ix_deliveries_event_id_kind_id on notifications.deliveries (event_id, kind, id);
create index ix_deliveries_rsvp_id_kind on notifications.deliveries (rsvp_id, kind);
create index ix_deliveries_batch_id_status on notifications.deliveries (batch_id, status)
"""

SUPPRESSIONS = """
create table notifications.suppressions (
    id bigint generated always as identity constraint pk_suppressions primary key,
    address text not null,
    event_id bigint,
    reason text not null,
    created_at timestamptz not null
);
create unique index uq_suppressions_address_event_id
    on notifications.suppressions (address, coalesce(event_id, 0))
"""


def upgrade() -> None:
    for statements in (AUDIENCE, BATCHES, TEMPLATES, DELIVERIES, SUPPRESSIONS):
        for statement in statements.split(";\n"):
            op.execute(statement)
    create_bus_tables(op.get_bind(), "notifications")
    create_idempotency_table(op.get_bind(), "notifications")
