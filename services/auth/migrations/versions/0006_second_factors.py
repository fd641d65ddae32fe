"""Second factors: sealed TOTP secrets, hashed recovery codes."""

from alembic import op

revision = "0006"
down_revision = "0005"

TABLE = """
create table auth.second_factors (
    user_id bigint not null constraint pk_second_factors primary key
        constraint fk_second_factors_user_id references auth.users (id) on delete cascade,
    sealed_secret bytea not null,
    recovery_hashes bytea[] not null,
    last_counter bigint not null,
    created_at timestamptz not null,
    confirmed_at timestamptz
)
"""


def upgrade() -> None:
    op.execute(TABLE)
