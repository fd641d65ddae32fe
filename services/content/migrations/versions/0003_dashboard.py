"""The dashboard's read model of the facts of all services."""

from alembic import op

revision = "0003"
down_revision = "0002"

KNOWN = """
create table content.dashboard_known (
    kind text not null,
    key bigint not null,
    version integer not null,
    told_at timestamptz not null,
    subject text not null,
    state text not null,
    category text,
    parent bigint,
    starts_at timestamptz,
    title text,
    titled integer not null,
    counted_at timestamptz,
    constraint pk_dashboard_known primary key (kind, key)
);
create index ix_dashboard_known_state on content.dashboard_known (kind, state, starts_at);
create index ix_dashboard_known_counted_at on content.dashboard_known (counted_at);
create index ix_dashboard_known_parent on content.dashboard_known (kind, parent)
"""

ACTIVITY = """
create table content.dashboard_activity (
    fact_id uuid not null,
    at timestamptz not null,
    kind text not null,
    key bigint not null,
    event_id bigint,
    title text,
    action text not null,
    status text not null,
    constraint pk_dashboard_activity primary key (fact_id)
);
create index ix_dashboard_activity_at on content.dashboard_activity (at, fact_id)
"""


def upgrade() -> None:
    for statements in (KNOWN, ACTIVITY):
        for statement in statements.split(";\n"):
            op.execute(statement)
