"""Which rows are kept for how long."""

from collections.abc import Mapping
from datetime import timedelta

from prometheus_client import Counter

from stitch_auth.pruning import repository
from stitch_auth.settings import AuthSettings
from stitch_common.clock import Clock
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
        links, sessions = settings.link_retention, settings.session_retention
        self._kept_for: Mapping[tuple[str, str], timedelta] = {
            ("sessions", repository.ENDED_SESSIONS): sessions,
            ("sessions", repository.EXPIRED_SESSIONS): sessions,
            ("password_resets", repository.RESETS): links,
            ("email_verifications", repository.VERIFICATIONS): links,
            ("notices", repository.NOTICES): links,
            ("audit_log", repository.AUDIT_LOG): settings.audit_retention,
        }

    async def prune(self) -> int:
        """Delete all that is old, in batches; tells how many rows."""
        total = 0
        for (rows, statement), kept_for in self._kept_for.items():
            found = self._batch
            while found == self._batch:
                found = await repository.prune(
                    self._database, statement, self._clock() - kept_for, up_to=self._batch
                )
                PRUNED.labels(rows).inc(found)
                total += found
        return total
