"""The migrations make the tables that the models describe."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from stitch_auth.accounts.models import User
from stitch_auth.apikeys.models import APIKey
from stitch_auth.audit.models import AuditEntry
from stitch_auth.db import Base
from stitch_auth.keys.models import SigningKey
from stitch_auth.mfa.models import SecondFactor
from stitch_auth.recovery.models import PasswordReset
from stitch_auth.sessions.models import Session
from stitch_auth.verification.models import EmailVerification
from stitch_common.database import Database

MODELS = (
    User,
    EmailVerification,
    PasswordReset,
    APIKey,
    SecondFactor,
    Session,
    SigningKey,
    AuditEntry,
)
OURS = {model.__tablename__ for model in MODELS}


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    return {"schema": name == "auth", "table": name in OURS}.get(kind, True)


def _is_compared(_object: object, name: str | None, kind: str, *_: object) -> bool:
    return kind != "table" or name in OURS


def _drift(connection: Connection) -> list[object]:
    options = {
        "include_schemas": True,
        "include_name": _is_ours,
        "include_object": _is_compared,
        "compare_server_default": False,
    }
    context = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(context, Base.metadata))


async def test_the_migrations_make_what_the_models_describe(empty_database: Database) -> None:
    async with empty_database.transaction() as session:
        connection = await session.connection()
        drift = await connection.run_sync(_drift)

    assert drift == []
