"""Usernames that were asked for with a known address are as taken as others."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute(
        """
        create table auth.wanted_names (
            username_key text constraint pk_wanted_names primary key,
            email_key text not null,
            password_hash text not null,
            created_at timestamptz not null
        )
        """
    )
