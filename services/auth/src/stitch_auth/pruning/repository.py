"""SQL of pruning: a batch is claimed and deleted by one statement, so workers share the work."""

from datetime import datetime

from stitch_common.database import Database

ENDED_SESSIONS = """
delete from auth.sessions where sid in (
    select sid from auth.sessions where ended_at < $1
    order by ended_at limit $2 for update skip locked)
"""
EXPIRED_SESSIONS = """
delete from auth.sessions where sid in (
    select sid from auth.sessions where expires_at < $1
    order by expires_at limit $2 for update skip locked)
"""
RESETS = """
delete from auth.password_resets where id in (
    select id from auth.password_resets where expires_at < $1
    order by expires_at limit $2 for update skip locked)
"""
VERIFICATIONS = """
delete from auth.email_verifications where id in (
    select id from auth.email_verifications where expires_at < $1
    order by expires_at limit $2 for update skip locked)
"""
NOTICES = """
delete from auth.notices where id in (
    select id from auth.notices where expires_at < $1
    order by expires_at limit $2 for update skip locked)
"""
AUDIT_LOG = """
delete from auth.audit_log where id in (
    select id from auth.audit_log where at < $1
    order by at limit $2 for update skip locked)
"""


async def prune(database: Database, statement: str, before: datetime, *, up_to: int) -> int:
    """Delete a batch that nobody else deletes at this moment; tells how many rows there were."""
    async with database.connection() as connection:
        status = await connection.execute(statement, before, up_to)
    return int(status.rpartition(" ")[2])
