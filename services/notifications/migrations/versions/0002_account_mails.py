"""Mails about new passwords and new addresses."""

from alembic import op

revision = "0002"
down_revision = "0001"

TEMPLATES = """
insert into notifications.templates
    (kind, name, subject, text, is_builtin, created_at, updated_at, version, field_versions)
values
    ('reset', 'Standard password reset', '', '', true, now(), now(), 1, '{}'),
    ('email-changed', 'Standard note on a new address', '', '', true, now(), now(), 1, '{}')
"""


def upgrade() -> None:
    op.execute(TEMPLATES)
