"""How often the password of an account was wrong since it was right."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("alter table auth.users add column failed_logins integer not null default 0")
