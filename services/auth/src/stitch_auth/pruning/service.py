"""Which rows are kept for how long."""

from collections.abc import Mapping
from datetime import timedelta

from prometheus_client import Counter

from stitch_auth.audit.service import AuditTrail
from stitch_auth.pruning import repository
from stitch_auth.settings import AuthSettings
from stitch_common.bus.outbox import Outbox
from stitch_common.clock import Clock
from stitch_common.contracts.auth import UserDeleted
from stitch_common.database import Database

BATCH = 1000
"""Some milliseconds each: nobody waits for a deletion, and no fact behind one."""

PRUNED = Counter("stitch_auth_pruned_rows", "Rows deleted because their time was over", ["rows"])


class PruningService:
    """Deletes what is old; any number of workers may do it at once."""

    def __init__(
        self, database: Database, clock: Clock, settings: AuthSettings, *, batch: int = BATCH
    ) -> None:
        self._database = database
        self._clock = clock
        self._batch = batch
        self._registrations_kept_for = settings.registration_retention
        links, sessions = settings.link_retention, settings.session_retention
        self._kept_for: Mapping[tuple[str, str], timedelta] = {
            ("sessions", "ended_at"): sessions,
            ("sessions", "expires_at"): sessions,
            ("password_resets", "expires_at"): links,
            ("email_verifications", "expires_at"): links,
            ("notices", "expires_at"): links,
            ("audit_log", "at"): settings.audit_retention,
        }

    async def prune(self) -> int:
        """Delete all that is old, in batches; tells how many rows."""
        total = await self._forget_registrations()
        for (table, moment), kept_for in self._kept_for.items():
            found = self._batch
            while found == self._batch:
                before = self._clock() - kept_for
                found = await repository.prune(
                    self._database, table, moment, before=before, up_to=self._batch
                )
                PRUNED.labels(table).inc(found)
                total += found
        return total

    async def _forget_registrations(self) -> int:
        """Delete accounts that were never confirmed: one batch, for everybody hears of each."""
        at = self._clock()
        async with self._database.transaction() as session:
            forgotten = await repository.forget_registrations(
                session, before=at - self._registrations_kept_for, up_to=self._batch
            )
            trail = AuditTrail(session, self._clock, caller=None)
            for user in forgotten:
                Outbox(session).add(UserDeleted(user_id=user.id, version=user.version + 1, at=at))
                trail.succeeded(
                    "user.deleted", actor_id=None, subject=f"user:{user.id}", reason="unconfirmed"
                )
        PRUNED.labels("users").inc(len(forgotten))
        return len(forgotten)
