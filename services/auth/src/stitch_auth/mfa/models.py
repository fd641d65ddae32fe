"""Second factors."""

from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, DateTime, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from stitch_auth.db import Base
from stitch_auth.mfa.rules import matching_counter, recovery_hash


class SecondFactor(Base):
    """Somebody's app; it counts once a code of it was seen."""

    __tablename__ = "second_factors"

    user_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("auth.users.id", ondelete="cascade"), primary_key=True
    )
    sealed_secret: Mapped[bytes] = mapped_column(LargeBinary)
    recovery_hashes: Mapped[list[bytes]] = mapped_column(ARRAY(LargeBinary))
    last_counter: Mapped[int] = mapped_column(BigInteger)
    """The step of the last code, so that none works twice."""
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    confirmed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    @property
    def context(self) -> str:
        """What its secret is sealed for."""
        return f"totp:{self.user_id}"

    def use_code(self, secret: bytes, code: str, at: datetime) -> bool:
        """Whether this is the app's code now; it never is again."""
        counter = matching_counter(secret, code.strip(), at, after=self.last_counter)
        if counter is None:
            return False
        self.last_counter = counter
        return True

    def use_recovery_code(self, code: str) -> bool:
        """Whether this is a recovery code; it never is again."""
        used = recovery_hash(code)
        if used not in self.recovery_hashes:
            return False
        self.recovery_hashes = [each for each in self.recovery_hashes if each != used]
        return True
