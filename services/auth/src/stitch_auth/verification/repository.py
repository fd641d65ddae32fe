"""SQL of verification."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_auth.accounts.models import User
from stitch_auth.verification.errors import EmailTakenError
from stitch_auth.verification.models import EmailVerification


class VerificationRepository:
    """Verification mails, changed only with their user locked, and whose they are."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find_user(self, user_id: int, *, lock: bool = False) -> User | None:
        """The user; with `lock` nobody else can change it until this transaction ends."""
        query = select(User).where(User.id == user_id, User.exists())
        user: User | None = await self._session.scalar(query.with_for_update() if lock else query)
        return user

    async def find_by_email(self, email: str) -> User | None:
        user: User | None = await self._session.scalar(select(User).where(User.has_email(email)))
        return user

    async def find(self, verification_id: int) -> EmailVerification | None:
        return await self._session.get(EmailVerification, verification_id)

    async def add(self, verification: EmailVerification) -> None:
        """Insert; every older mail to this user is worth nothing from now on."""
        await self.supersede_all(verification.user_id, verification.created_at)
        self._session.add(verification)
        await self._session.flush()

    async def supersede_all(self, user_id: int, at: datetime) -> None:
        await self._session.execute(
            update(EmailVerification)
            .where(
                EmailVerification.user_id == user_id,
                EmailVerification.used_at.is_(None),
                EmailVerification.superseded_at.is_(None),
            )
            .values(superseded_at=at)
        )

    async def change_email(self, user: User, email: str, at: datetime) -> None:
        """Set the address; the unique index decides between two who want the same."""
        try:
            async with self._session.begin_nested():
                user.replace_email(email, at)
        except IntegrityError as error:
            raise EmailTakenError from error
