"""Mails about what was done with an account."""

from alembic import op

revision = "0003"
down_revision = "0002"

TEMPLATE = """
insert into notifications.templates
    (kind, name, subject, text, is_builtin, created_at, updated_at, version, field_versions)
values
    ('security-notice', 'Standard security notice', '', '', true, now(), now(), 1, '{}')
"""


def upgrade() -> None:
    op.execute(TEMPLATE)
