"""Every SQL statement about providers."""

import json
from dataclasses import dataclass
from typing import Any

from asyncpg import Connection
from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_ai.providers.models import Provider, ProviderKind
from stitch_ai.providers.schemas import AllowedModel
from stitch_common.http.lists import Cursors, Page

SCOPE = "providers"
IN_ORDER = """
select id, name, kind, models::text, default_model from ai.providers where is_active
order by is_default desc, position, id
"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An active provider, as far as choosing one needs to know it."""

    id: int
    name: str
    kind: ProviderKind
    models: dict[str, AllowedModel]
    default_model: str


async def candidates(connection: "Connection[Any]") -> list[Candidate]:
    """Active providers, the default first; on the driver's connection, which is free at once."""
    return [
        Candidate(
            id=row["id"],
            name=row["name"],
            kind=ProviderKind(row["kind"]),
            models={
                entry["name"]: AllowedModel.model_validate(entry)
                for entry in json.loads(row["models"])
            },
            default_model=row["default_model"],
        )
        for row in await connection.fetch(IN_ORDER)
    ]


class ProviderRepository:
    """Providers in one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def page(self, page: Page, cursors: Cursors) -> tuple[list[Provider], str | None]:
        """One page by position, and the cursor of the next one."""
        key = (Provider.position, Provider.id)
        statement = select(Provider).order_by(*key).limit(page.limit + 1)
        if page.cursor:
            statement = statement.where(tuple_(*key) > tuple(cursors.decode(SCOPE, page.cursor)))
        else:
            statement = statement.offset(page.skip)
        rows = list(await self._session.scalars(statement))
        shown = rows[: page.limit]
        if len(rows) == len(shown):
            return shown, None
        return shown, cursors.encode(SCOPE, [shown[-1].position, shown[-1].id])

    async def count(self) -> int:
        return await self._session.scalar(select(func.count(Provider.id))) or 0
