"""Enrolling an app, asking for its codes, and living without it."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from stitch_auth.audit.service import AuditTrail
from stitch_auth.callers.models import Caller
from stitch_auth.mfa.errors import (
    MFAEnabledError,
    MFANotStartedError,
    MFARequiredError,
    NoSecondFactorError,
    WrongCodeError,
)
from stitch_auth.mfa.models import SecondFactor
from stitch_auth.mfa.repository import SecondFactorRepository
from stitch_auth.mfa.rules import (
    new_recovery_codes,
    new_secret,
    otpauth_url,
    recovery_hash,
    shown,
)
from stitch_auth.mfa.schemas import Enrolment
from stitch_auth.notices.service import About, give_notice
from stitch_auth.settings import AuthSettings
from stitch_auth.throttling.service import Throttle
from stitch_common.clock import Clock
from stitch_common.database import Database
from stitch_common.limits.models import Limit
from stitch_common.security.principals import Principal
from stitch_common.security.sealing import SealedBox

MFA_ERRORS = (MFARequiredError, WrongCodeError)
"""What a log-in may answer in addition."""
ISSUER = "Stitch"


class SecondFactorService:
    """The secret is sealed, recovery codes are hashed, and every code works once."""

    def __init__(
        self, database: Database, clock: Clock, *, settings: AuthSettings, throttle: Throttle
    ) -> None:
        self._database = database
        self._clock = clock
        self._box = SealedBox(settings.secret_keys)
        self._throttle = throttle
        self._objection_ttl = settings.objection_ttl
        self._guesses = Limit("mfa-check", settings.login_limit, settings.login_window)

    async def begin(self, principal: Principal, caller: Caller) -> Enrolment:
        """A secret for the app; nothing changes before `confirm`. MFAEnabledError."""
        secret = new_secret()
        factor = SecondFactor(user_id=principal.user_id, created_at=self._clock())
        factor.sealed_secret = self._box.seal(secret, factor.context)
        async with self._database.transaction() as session:
            if not await SecondFactorRepository(session).replace(factor):
                raise MFAEnabledError
            self._note(session, "mfa.begun", principal, caller)
        return Enrolment(
            secret=shown(secret), otpauth_url=otpauth_url(secret, principal.username, ISSUER)
        )

    async def confirm(self, principal: Principal, code: str, caller: Caller) -> list[str]:
        """Ask for a code at every log-in from now on; gives the recovery codes.

        MFANotStartedError, MFAEnabledError, WrongCodeError.
        """
        await self._throttle.admit(self._guesses, str(principal.user_id))
        codes = new_recovery_codes()
        async with self._database.transaction() as session:
            factor = await SecondFactorRepository(session).lock(principal.user_id)
            if factor is None:
                raise MFANotStartedError
            if factor.confirmed_at is not None:
                raise MFAEnabledError
            is_right = factor.use_code(self._secret(factor), code, self._clock())
            if is_right:
                factor.confirmed_at = self._clock()
                factor.recovery_hashes = [recovery_hash(each) for each in codes]
                self._note(session, "mfa.enabled", principal, caller)
                await self._tell(session, principal.user_id, About.FACTOR_ADDED, caller)
            else:
                trail = AuditTrail(session, self._clock, caller)
                subject = f"user:{principal.user_id}"
                trail.failed("mfa.enabled", actor_id=principal.user_id, subject=subject)
        # After the commit: also what failed is noted.
        if not is_right:
            raise WrongCodeError
        return codes

    async def remove(self, principal: Principal, caller: Caller) -> None:
        """Let the password be enough again; MFANotStartedError."""
        async with self._database.transaction() as session:
            factors = SecondFactorRepository(session)
            factor = await factors.lock(principal.user_id)
            if factor is None:
                raise MFANotStartedError
            await factors.remove(factor)
            self._note(session, "mfa.disabled", principal, caller)
            if factor.confirmed_at is not None:
                await self._tell(session, principal.user_id, About.FACTOR_REMOVED, caller)

    async def reset(self, user_id: int, admin: Principal, caller: Caller) -> None:
        """Let in by the password alone who has lost the device; NoSecondFactorError."""
        async with self._database.transaction() as session:
            factors = SecondFactorRepository(session)
            factor = await factors.lock(user_id)
            if factor is None or await factors.find_user(user_id) is None:
                raise NoSecondFactorError
            await factors.remove(factor)
            trail = AuditTrail(session, self._clock, caller)
            trail.succeeded("mfa.reset", actor_id=admin.user_id, subject=f"user:{user_id}")
            # Not from where: it was an admin, whose address is nobody's business.
            await self._tell(session, user_id, About.FACTOR_REMOVED, None)

    async def require(self, session: AsyncSession, user_id: int, otp: str | None) -> None:
        """Let a log-in pass in whose transaction this is; MFARequiredError, WrongCodeError."""
        factor = await SecondFactorRepository(session).lock(user_id)
        if factor is None or factor.confirmed_at is None:
            return
        if not otp:
            raise MFARequiredError
        is_right = factor.use_code(self._secret(factor), otp, self._clock())
        if not (is_right or factor.use_recovery_code(otp)):
            raise WrongCodeError

    async def rewrap(self) -> int:
        """Seal with the current key what is sealed with older ones; tells how many."""
        async with self._database.transaction() as session:
            factors = await SecondFactorRepository(session).lock_all()
            old = [each for each in factors if not self._box.is_current(each.sealed_secret)]
            for factor in old:
                factor.sealed_secret = self._box.seal(self._secret(factor), factor.context)
        return len(old)

    def _secret(self, factor: SecondFactor) -> bytes:
        return self._box.open(factor.sealed_secret, factor.context)

    async def _tell(
        self, session: AsyncSession, user_id: int, about: About, caller: Caller | None
    ) -> None:
        user = await SecondFactorRepository(session).find_user(user_id)
        if user is not None:
            at, ttl = self._clock(), self._objection_ttl
            await give_notice(session, user, about, at=at, ttl=ttl, caller=caller)

    def _note(
        self, session: AsyncSession, action: str, principal: Principal, caller: Caller
    ) -> None:
        trail = AuditTrail(session, self._clock, caller)
        subject = f"user:{principal.user_id}"
        trail.succeeded(action, actor_id=principal.user_id, subject=subject)


async def forget_factor_since(
    session: AsyncSession, user_id: int, since: datetime, *, trail: AuditTrail
) -> None:
    """Remove a factor that somebody else may have added, in the transaction of the objection."""
    factors = SecondFactorRepository(session)
    factor = await factors.lock(user_id)
    if factor is not None and (factor.confirmed_at is None or factor.confirmed_at >= since):
        await factors.remove(factor)
        trail.succeeded("mfa.reset", actor_id=user_id, subject=f"user:{user_id}")
