"""What people and admins do with accounts that exist."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from stitch_auth.accounts.errors import (
    AccountUnusableError,
    LastAdminError,
    PreferencesTooLargeError,
)
from stitch_auth.accounts.models import User
from stitch_auth.accounts.repository import UserRepository
from stitch_auth.accounts.rules import fits, merged
from stitch_auth.accounts.schemas import AccountChange, ProfileChange, UserFilter, UserView
from stitch_auth.audit.service import AuditTrail
from stitch_auth.callers.models import Caller
from stitch_common.bus.outbox import Outbox
from stitch_common.clock import Clock
from stitch_common.contracts import Fact
from stitch_common.contracts.auth import UserDeactivated, UserDeleted, UserRoleChanged, UserUpdated
from stitch_common.database import Database
from stitch_common.http.lists import Cursors, Page
from stitch_common.security.principals import Principal

__all__ = ["AccountService", "UserView", "told_of"]

SCOPE = "users:newest-first"


class EndsSessions(Protocol):
    """What the deactivation of an account needs of the sessions."""

    async def end_all_of(
        self, session: AsyncSession, user_id: int, *, reason: str, trail: AuditTrail
    ) -> None: ...


class AccountService:
    """Profiles, and their administration."""

    def __init__(
        self, database: Database, clock: Clock, *, cursors: Cursors, sessions: EndsSessions
    ) -> None:
        self._database = database
        self._clock = clock
        self._cursors = cursors
        self._sessions = sessions

    async def get_own(self, principal: Principal) -> User:
        """The principal's account; AccountUnusableError if it is none any more."""
        async with self._database.reading() as session:
            return _usable(await UserRepository(session).find(principal.user_id))

    async def change_own(
        self, principal: Principal, change: ProfileChange, *, expected: int | None, caller: Caller
    ) -> User:
        """Change a profile; `expected` is the version that the change was made against."""
        async with self._database.transaction() as session:
            users = UserRepository(session)
            user = _usable(await users.find(principal.user_id, lock=True))
            user.expect(expected)
            changed = user.change(self._clock(), **_profile(user, change))
            self._record(session, user, changed, by=principal.user_id, caller=caller)
        return user

    async def get(self, user_id: int) -> User:
        async with self._database.reading() as session:
            return await UserRepository(session).get(user_id)

    async def list_page(
        self, wanted: UserFilter, page: Page
    ) -> tuple[list[User], str | None, int | None]:
        """Users, newest first, the cursor of the following page, and how many if asked."""
        before = self._cursors.decode(SCOPE, page.cursor)[0] if page.cursor else None
        async with self._database.reading() as session:
            users = UserRepository(session)
            found = await users.list_page(
                wanted, before=before, skip=page.skip, limit=page.limit + 1
            )
            total = await users.count(wanted) if page.count else None
        shown = found[: page.limit]
        more = len(found) > page.limit
        return shown, self._cursors.encode(SCOPE, [shown[-1].id]) if more else None, total

    async def administer(
        self,
        user_id: int,
        change: AccountChange,
        *,
        expected: int | None,
        admin: Principal,
        caller: Caller,
    ) -> User:
        """Change somebody's role, name or state; LastAdminError rather than a system without one.

        A deactivated user's sessions end with the account.
        """
        async with self._database.transaction() as session:
            users = UserRepository(session)
            # Before the user, so that two admins who demote each other take turns.
            admins = await users.lock_active_admins()
            user = await users.lock(user_id)
            user.expect(expected)
            changed = user.change(self._clock(), **change.model_dump(exclude_none=True))
            if admins == [user.id] and not user.is_active_admin:
                raise LastAdminError
            trail = self._record(session, user, changed, by=admin.user_id, caller=caller)
            if "is_active" in changed and not user.is_active:
                await self._sessions.end_all_of(session, user.id, reason="deactivated", trail=trail)
        return user

    async def remove(
        self, user_id: int, *, expected: int | None, admin: Principal, caller: Caller
    ) -> None:
        """Close an account for good; its names are free again. LastAdminError."""
        at = self._clock()
        async with self._database.transaction() as session:
            users = UserRepository(session)
            admins = await users.lock_active_admins()
            user = await users.lock(user_id)
            user.expect(expected)
            if admins == [user.id]:
                raise LastAdminError
            user.remove(at)
            Outbox(session).add(UserDeleted(user_id=user.id, version=user.version, at=at))
            trail = AuditTrail(session, self._clock, caller)
            trail.succeeded("user.deleted", actor_id=admin.user_id, subject=f"user:{user.id}")
            await self._sessions.end_all_of(session, user.id, reason="deleted", trail=trail)

    async def end_sessions(self, user_id: int, *, admin: Principal, caller: Caller) -> None:
        """Log somebody out everywhere; UserNotFoundError."""
        async with self._database.transaction() as session:
            user = await UserRepository(session).lock(user_id)
            trail = AuditTrail(session, self._clock, caller)
            trail.succeeded("user.logged_out", actor_id=admin.user_id, subject=f"user:{user.id}")
            await self._sessions.end_all_of(session, user.id, reason="admin", trail=trail)

    def _record(
        self, session: AsyncSession, user: User, changed: Sequence[str], *, by: int, caller: Caller
    ) -> AuditTrail:
        for fact in _facts(user, changed, self._clock()):
            Outbox(session).add(fact)
        trail = AuditTrail(session, self._clock, caller)
        for action in _actions(user, changed):
            trail.succeeded(action, actor_id=by, subject=f"user:{user.id}", fields=changed)
        return trail


def _usable(user: User | None) -> User:
    if user is None or not user.is_usable:
        raise AccountUnusableError
    return user


def _profile(user: User, change: ProfileChange) -> dict[str, Any]:
    values = change.model_dump(exclude_none=True, exclude={"preferences"})
    if change.preferences is not None:
        values["preferences"] = merged(user.preferences, change.preferences)
        if not fits(values["preferences"]):
            raise PreferencesTooLargeError
    return values


def _facts(user: User, changed: Sequence[str], at: datetime) -> Iterator[Fact]:
    about: dict[str, Any] = {"user_id": user.id, "version": user.version, "at": at}
    if "role" in changed:
        yield UserRoleChanged(role=user.role, **about)
    if "is_active" in changed and not user.is_active:
        yield UserDeactivated(**about)
    if rest := [name for name in changed if name != "role"]:
        yield told_of(user, rest)


def told_of(user: User, changed: Sequence[str]) -> UserUpdated:
    """What others learn of a change of these fields."""
    return UserUpdated(
        user_id=user.id,
        version=user.version,
        email=user.email,
        username=user.username,
        full_name=user.full_name,
        changed=list(changed),
        at=user.updated_at,
    )


def _actions(user: User, changed: Sequence[str]) -> Iterator[str]:
    if "role" in changed:
        yield f"user.made_{user.role}"
    if "is_active" in changed:
        yield "user.activated" if user.is_active else "user.deactivated"
    if set(changed) - {"role", "is_active"}:
        yield "user.updated"
