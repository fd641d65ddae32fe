"""Alembic's entry; the work is done in stitch_common."""

from stitch_auth.accounts.models import User
from stitch_auth.apikeys.models import APIKey
from stitch_auth.audit.models import AuditEntry
from stitch_auth.db import Base
from stitch_auth.keys.models import SigningKey
from stitch_auth.mfa.models import SecondFactor
from stitch_auth.recovery.models import PasswordReset
from stitch_auth.registration.models import WantedName
from stitch_auth.sessions.models import Session
from stitch_auth.verification.models import EmailVerification
from stitch_common.migrations import run_env

TABLES = (
    User,
    EmailVerification,
    PasswordReset,
    APIKey,
    SecondFactor,
    Session,
    SigningKey,
    AuditEntry,
    WantedName,
)

run_env(Base.metadata, "auth")
