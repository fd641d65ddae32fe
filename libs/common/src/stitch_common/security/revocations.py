"""What is refused although its signature is valid; kept in memory for as long as it matters."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from stitch_common.clock import Clock
from stitch_common.contracts import Fact
from stitch_common.contracts.auth import (
    KeyRevoked,
    SessionRevoked,
    TokenRevoked,
    UserDeactivated,
    UserDeleted,
    UserRoleChanged,
)
from stitch_common.security.principals import Principal, Role

REVOKING_FACTS: Final = (
    SessionRevoked,
    TokenRevoked,
    KeyRevoked,
    UserRoleChanged,
    UserDeactivated,
    UserDeleted,
)
KEYS_KEPT_FOR = timedelta(hours=2)
"""Longer than any copy of a key set is believed; who has a key can make tokens that last."""

SKEW = timedelta(seconds=60)
"""How far clocks may be apart, and how long issuing a token may overlap with a change."""

Name = tuple[str, str | int]


@dataclass(frozen=True, slots=True)
class Revocation:
    """Since when, until when it must be remembered, and what is true instead."""

    at: datetime
    until: datetime
    role: str | None = None
    version: int = 0


class Revocations:
    """Sessions, tokens, keys and people that are refused, forgotten when no token can be left.

    Of more than `capacity` the oldest are given up, and with each of them every token that was
    issued until then: who has one asks for another, and nobody who was refused gets in.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        token_ttl: timedelta = timedelta(minutes=15),
        capacity: int = 100_000,
    ) -> None:
        self._clock = clock
        self._kept_for = token_ttl + 2 * SKEW
        self._capacity = capacity
        self._entries: OrderedDict[Name, Revocation] = OrderedDict()
        self._keys: dict[str, datetime] = {}
        self._all_until = datetime.min.replace(tzinfo=UTC)
        self._listeners: list[Callable[[], None]] = []

    @property
    def kept_for(self) -> timedelta:
        """How old a fact may be that still matters."""
        return self._kept_for

    def on_change(self, tell: Callable[[], None]) -> None:
        """Have somebody told, at once and each time, that more may be refused than before."""
        self._listeners.append(tell)

    def note(self, fact: Fact) -> None:
        """Refuse from now on what this fact revokes; repeating it changes nothing."""
        if isinstance(fact, SessionRevoked):
            self._add(("session", fact.sid), fact.at)
        elif isinstance(fact, TokenRevoked):
            self._add(("token", fact.jti), fact.at)
        elif isinstance(fact, KeyRevoked):
            self._keys[fact.kid] = fact.at + KEYS_KEPT_FOR
        elif isinstance(fact, UserDeactivated | UserDeleted):
            self._add(("user", fact.user_id), fact.at)
        elif isinstance(fact, UserRoleChanged):
            self._add(("role", fact.user_id), fact.at, role=fact.role, version=fact.version)
        self._forget()
        for tell in self._listeners:
            tell()

    def covers(self, principal: Principal, kid: str) -> bool:
        """Whether this principal's token, signed with this key, is refused."""
        if kid in self._keys or principal.issued_at <= self._all_until:
            return True
        # Nobody is refused, most of the time.
        return bool(self._entries) and (
            ("session", principal.session_id) in self._entries
            or ("token", principal.token_id) in self._entries
            or self._is_gone(principal)
            or self._has_another_role(principal)
        )

    def _is_gone(self, principal: Principal) -> bool:
        gone = self._entries.get(("user", principal.user_id))
        if gone is None or principal.issued_at <= gone.at:
            return gone is not None
        # Issuing may overlap with the end here too, and a key has no session that ended with it.
        return principal.is_program and principal.issued_at <= gone.at + SKEW

    def _has_another_role(self, principal: Principal) -> bool:
        # By the role, not by the time alone: a log-in within the same second tells the truth.
        changed = self._entries.get(("role", principal.user_id))
        if changed is None or changed.role == principal.role:
            return False
        if principal.issued_at <= changed.at:
            return True
        # Issuing may overlap with the change; an API key may have less than its owner, though.
        is_too_much = not Role(changed.role or "").covers(principal.role)
        return is_too_much and principal.issued_at <= changed.at + SKEW

    def _add(self, name: Name, at: datetime, *, role: str | None = None, version: int = 0) -> None:
        known = self._entries.get(name)
        if known is None or (known.version, known.at) <= (version, at):
            self._entries[name] = Revocation(at, at + self._kept_for, role, version)
            self._entries.move_to_end(name)

    def _forget(self) -> None:
        now = self._clock()
        while self._entries and next(iter(self._entries.values())).until <= now:
            self._entries.popitem(last=False)
        while len(self._entries) > self._capacity:
            _, given_up = self._entries.popitem(last=False)
            self._all_until = max(self._all_until, given_up.at)
        if self._keys:
            self._keys = {kid: until for kid, until in self._keys.items() if until > now}
