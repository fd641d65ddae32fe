"""Fill in what was left out of questions and companions, so that lists can show them as they are.

A change used to store only the parts of them that were sent.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

QUESTIONS = """
update events.events set questions = (
    select jsonb_agg(
        jsonb '{"type": "text", "required": false, "options": []}' || question order by place)
    from jsonb_array_elements(questions) with ordinality as asked (question, place)
)
where jsonb_array_length(questions) > 0
"""
PARTIES = """
update events.rsvps set party = (
    select jsonb_agg(jsonb '{"dietary_restrictions": ""}' || companion order by place)
    from jsonb_array_elements(party) with ordinality as coming (companion, place)
)
where jsonb_array_length(party) > 0
"""


def upgrade() -> None:
    op.execute(QUESTIONS)
    op.execute(PARTIES)
