"""Every SQL statement about generations."""

from sqlalchemy.ext.asyncio import AsyncSession

from stitch_ai.generation.models import Generation


class GenerationRepository:
    """Generations in one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, generation: Generation) -> None:
        self._session.add(generation)
