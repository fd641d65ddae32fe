"""Who wants no more bulk mail; what somebody waits for always arrives (RFC 8058)."""

from collections.abc import Collection

from sqlalchemy.ext.asyncio import AsyncSession

from stitch_common.bus.outbox import Outbox
from stitch_common.clock import Clock
from stitch_common.contracts.notifications import AddressSuppressed
from stitch_common.database import Database
from stitch_common.security.links import InvalidLinkError, LinkSigner
from stitch_notifications.audience.service import Audience
from stitch_notifications.tracking.repository import SuppressionRepository
from stitch_notifications.tracking.rules import Scope, Subscription

REASON = "unsubscribed"


class Suppressions:
    """The recipients' wishes, within the transaction of a use case."""

    def __init__(self, session: AsyncSession) -> None:
        self._repository = SuppressionRepository(session)

    async def among(self, event_id: int, addresses: Collection[str]) -> set[str]:
        """Tell which of these lower-case addresses want no bulk mail about this event."""
        return await self._repository.suppressed_among(event_id, addresses)


class UnsubscribeService:
    """Use cases of a recipient with the link of a mail; InvalidLinkError for any other."""

    def __init__(self, database: Database, links: LinkSigner, clock: Clock) -> None:
        self._database = database
        self._links = links
        self._clock = clock

    async def look(self, token: str) -> Subscription:
        """Change nothing: mail scanners follow links."""
        async with self._database.transaction() as session:
            return await self._find(session, token)

    async def unsubscribe(self, token: str, scope: Scope) -> Subscription:
        """Send this address no more invitations and reminders; doing it twice is fine."""
        now = self._clock()
        async with self._database.transaction() as session:
            found = await self._find(session, token)
            event_id = found.event_id if scope is Scope.EVENT else None
            suppression_id = await SuppressionRepository(session).add(
                found.address, event_id, reason=REASON, at=now
            )
            if suppression_id:
                fact = AddressSuppressed(
                    suppression_id=suppression_id, reason=REASON, scope=scope, at=now
                )
                Outbox(session).add(fact)
            return await self._find(session, token)

    async def undo(self, token: str) -> Subscription:
        """Take back every wish of this recipient that concerns this event."""
        async with self._database.transaction() as session:
            found = await self._find(session, token)
            repository = SuppressionRepository(session)
            await repository.remove(found.address, found.event_id, reason=REASON)
            return await self._find(session, token)

    async def _find(self, session: AsyncSession, token: str) -> Subscription:
        link = self._links.verify(token, "unsubscribe")
        repository = SuppressionRepository(session)
        delivery = await repository.find_delivery(link.id)
        if delivery is None or delivery.event_id is None:
            raise InvalidLinkError
        address, event_id = delivery.recipient_email.lower(), delivery.event_id
        event = (await Audience(session).find_events([event_id])).get(event_id)
        return Subscription(
            address=address,
            event_id=event_id,
            event_title=event.title if event else "this event",
            unwanted=await repository.find_scope(address, event_id),
        )
