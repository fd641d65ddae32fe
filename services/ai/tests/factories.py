"""Rows that tests need."""

import json

from sqlalchemy import text

from stitch_common.database import Database

ADD = """
insert into ai.providers (name, kind, base_url, api_key, models, default_model, position,
    is_active, is_default, created_at, updated_at, version, field_versions)
values (:name, 'openai', 'https://api.openai.example', cast(:key as bytea), cast(:models as jsonb),
    'small', :position, :is_active, false, now(), now(), 1, '{}')
"""
MODELS = [
    {"name": "small", "context_tokens": 100, "input_price": 0.5, "output_price": 1.5},
    {"name": "large", "context_tokens": 9000, "input_price": 5, "output_price": 15},
]


async def add_provider(
    database: Database, name: str, *, position: int = 1, is_active: bool = True
) -> None:
    row = {"name": name, "key": b"sealed", "position": position, "is_active": is_active}
    async with database.transaction() as session:
        await session.execute(text(ADD), row | {"models": json.dumps(MODELS)})
