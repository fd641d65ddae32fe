"""SQL of API keys."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_auth.accounts.models import User
from stitch_auth.apikeys.errors import APIKeyNotFoundError
from stitch_auth.apikeys.models import APIKey

MAX_SHOWN = 1000


class APIKeyRepository:
    """API keys, and whose they are."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, key: APIKey) -> None:
        self._session.add(key)
        await self._session.flush()

    async def list_live(self) -> list[APIKey]:
        """Those that were not revoked, the newest first."""
        query = select(APIKey).where(APIKey.revoked_at.is_(None)).order_by(APIKey.id.desc())
        return list((await self._session.scalars(query.limit(MAX_SHOWN))).all())

    async def lock(self, key_id: int) -> APIKey:
        query = select(APIKey).where(APIKey.id == key_id, APIKey.revoked_at.is_(None))
        key: APIKey | None = await self._session.scalar(query.with_for_update())
        if key is None:
            raise APIKeyNotFoundError
        return key

    async def lock_all_of(self, owner_id: int) -> list[APIKey]:
        query = select(APIKey).where(APIKey.owner_id == owner_id, APIKey.revoked_at.is_(None))
        return list(
            (await self._session.scalars(query.order_by(APIKey.id).with_for_update())).all()
        )

    async def find(self, client_id: str) -> tuple[APIKey, User] | None:
        query = (
            select(APIKey, User)
            .join(User, User.id == APIKey.owner_id)
            .where(APIKey.client_id == client_id, User.exists())
        )
        found = (await self._session.execute(query)).one_or_none()
        return (found[0], found[1]) if found is not None else None
