"""Events, their guests, and what every service's schema has."""

from alembic import op

from stitch_common.bus.tables import create_bus_tables
from stitch_common.migrations import create_idempotency_table

revision = "0001"
down_revision = None

EVENTS = """
create table events.events (
    id bigint generated always as identity,
    uid text not null,
    title text not null,
    slug text not null,
    description text not null,
    event_type text not null,
    start_date timestamptz not null,
    end_date timestamptz not null,
    timezone text not null,
    location text not null,
    max_attendees integer,
    rsvp_deadline timestamptz,
    require_approval boolean not null,
    allow_guests boolean not null,
    max_party_size integer not null,
    waitlist_enabled boolean not null,
    send_reminders boolean not null,
    reminder_days_before integer[] not null,
    guest_list_visible boolean not null,
    questions jsonb not null,
    status text not null,
    created_by bigint not null,
    calendar_sequence integer not null,
    seats_taken integer not null,
    last_queue_number bigint not null,
    search tsvector not null generated always as (
        to_tsvector('simple', translate(
            title || ' ' || location || ' ' || description, '-+._/@~', '       '))
    ) stored,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz,
    version integer not null,
    field_versions jsonb not null,
    constraint pk_events primary key (id),
    constraint uq_events_uid unique (uid),
    constraint uq_events_slug unique (slug),
    constraint ck_events_status
        check (status in ('draft', 'published', 'cancelled', 'completed')),
    constraint ck_events_end_date check (end_date >= start_date),
    constraint ck_events_rsvp_deadline check (rsvp_deadline <= start_date),
    constraint ck_events_sizes check (max_attendees >= 1 and max_party_size >= 1),
    constraint ck_events_seats
        check (seats_taken between 0 and coalesce(max_attendees, seats_taken))
);
create index ix_events_start_date_id on events.events (start_date, id)
    where deleted_at is null;
create index ix_events_created_at_id on events.events (created_at, id)
    where deleted_at is null;
create index ix_events_title_id on events.events (title, id)
    where deleted_at is null;
create index ix_events_status_start_date on events.events (status, start_date, id)
    where deleted_at is null;
create index ix_events_search on events.events using gin (search);
"""

RSVPS = """
create table events.rsvps (
    id bigint generated always as identity,
    event_id bigint not null,
    email text not null,
    name text not null,
    phone text not null,
    company text not null,
    status text not null,
    guest_count integer not null,
    party jsonb not null,
    dietary_restrictions text not null,
    special_requests text not null,
    answers jsonb not null,
    source text not null,
    approval text,
    invitation integer not null,
    invited_at timestamptz,
    link_version integer not null,
    link_requested_at timestamptz,
    responded_at timestamptz,
    queue_number bigint,
    checked_in_at timestamptz,
    search tsvector not null generated always as (
        to_tsvector('simple', translate(
            name || ' ' || company || ' ' || email, '-+._/@~', '       '))
    ) stored,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz,
    version integer not null,
    field_versions jsonb not null,
    constraint pk_rsvps primary key (id),
    constraint fk_rsvps_event_id foreign key (event_id) references events.events (id),
    constraint ck_rsvps_status check (
        status in ('pending', 'accepted', 'declined', 'maybe', 'waitlisted', 'cancelled')
    ),
    constraint ck_rsvps_cancelled check ((status = 'cancelled') = (deleted_at is not null)),
    constraint ck_rsvps_queue_number
        check ((status = 'waitlisted') = (queue_number is not null)),
    constraint ck_rsvps_guest_count check (guest_count >= 1),
    constraint ck_rsvps_source check (source in ('invitation', 'registration', 'editor')),
    constraint ck_rsvps_approval check (approval in ('approved', 'rejected'))
);
create unique index uq_rsvps_event_id_email on events.rsvps (event_id, lower(email))
    where deleted_at is null;
create unique index ix_rsvps_event_id_queue_number on events.rsvps (event_id, queue_number)
    where status = 'waitlisted';
create index ix_rsvps_event_id_status_guest_count on events.rsvps (event_id, status, guest_count)
    where deleted_at is null;
create index ix_rsvps_event_id_id on events.rsvps (event_id, id);
create index ix_rsvps_event_id_updated_at_id on events.rsvps (event_id, updated_at, id);
create index ix_rsvps_updated_at_id on events.rsvps (updated_at, id);
create index ix_rsvps_status_id on events.rsvps (status, id) where deleted_at is null;
create index ix_rsvps_checked_in_at_id on events.rsvps (checked_in_at, id)
    where checked_in_at is not null and deleted_at is null;
create index ix_rsvps_search on events.rsvps using gin (search);
"""


def upgrade() -> None:
    for statement in (EVENTS + RSVPS).strip().rstrip(";").split(";\n"):
        op.execute(statement)
    create_bus_tables(op, "events")
    create_idempotency_table(op.get_bind(), "events")
