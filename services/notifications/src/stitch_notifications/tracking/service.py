"""Who wants no more bulk mail."""

from collections.abc import Collection

from sqlalchemy.ext.asyncio import AsyncSession

from stitch_notifications.tracking.repository import SuppressionRepository


class Suppressions:
    """The recipients' wishes, within the transaction of a use case."""

    def __init__(self, session: AsyncSession) -> None:
        self._repository = SuppressionRepository(session)

    async def among(self, event_id: int, addresses: Collection[str]) -> set[str]:
        """Tell which of these lower-case addresses want no bulk mail about this event."""
        return await self._repository.suppressed_among(event_id, addresses)
