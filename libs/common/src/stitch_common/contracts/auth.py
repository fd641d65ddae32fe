"""Facts of the auth service."""

from typing import ClassVar

from stitch_common.contracts.base import Fact, UTCDatetime


class _UserFact(Fact):
    aggregate: ClassVar[str] = "user_id"

    user_id: int
    version: int
    at: UTCDatetime


class UserRegistered(_UserFact):
    """Somebody has an account; its e-mail may not be verified yet."""

    subject: ClassVar[str] = "stitch.auth.user.registered.v1"

    email: str
    username: str
    full_name: str
    role: str


class UserVerified(_UserFact):
    """The owner of the account has shown that the e-mail address is theirs."""

    subject: ClassVar[str] = "stitch.auth.user.verified.v1"


class UserUpdated(_UserFact):
    """Profile fields of an account have changed."""

    subject: ClassVar[str] = "stitch.auth.user.updated.v1"

    email: str
    username: str
    full_name: str
    changed: list[str]


class UserRoleChanged(_UserFact):
    """An account has another role; its access tokens no longer tell the truth."""

    subject: ClassVar[str] = "stitch.auth.user.role_changed.v1"

    role: str


class UserDeactivated(_UserFact):
    """An account may no longer be used."""

    subject: ClassVar[str] = "stitch.auth.user.deactivated.v1"


class UserDeleted(_UserFact):
    """An account is gone."""

    subject: ClassVar[str] = "stitch.auth.user.deleted.v1"


class SessionRevoked(Fact):
    """A session has ended; access tokens with this `sid` are refused from now on."""

    subject: ClassVar[str] = "stitch.auth.session.revoked.v1"
    aggregate: ClassVar[str] = "sid"

    sid: str
    user_id: int
    reason: str
    at: UTCDatetime


class TokenRevoked(Fact):
    """One access token is refused from now on."""

    subject: ClassVar[str] = "stitch.auth.token.revoked.v1"
    aggregate: ClassVar[str] = "jti"

    jti: str
    expires_at: UTCDatetime
    at: UTCDatetime


class KeyRotated(Fact):
    """The set of signing keys has changed; verifiers fetch the JWKS again."""

    subject: ClassVar[str] = "stitch.auth.key.rotated.v1"
    aggregate: ClassVar[str] = "kid"

    kid: str
    at: UTCDatetime


class KeyRevoked(Fact):
    """A signing key is not trusted any more, however valid its signatures are."""

    subject: ClassVar[str] = "stitch.auth.key.revoked.v1"
    aggregate: ClassVar[str] = "kid"

    kid: str
    at: UTCDatetime


class LoginSucceeded(Fact):
    """Somebody has logged in."""

    subject: ClassVar[str] = "stitch.auth.login.succeeded.v1"
    aggregate: ClassVar[str] = "user_id"

    user_id: int
    sid: str
    at: UTCDatetime


class LoginFailed(Fact):
    """Somebody has tried to log in to a known account and failed."""

    subject: ClassVar[str] = "stitch.auth.login.failed.v1"
    aggregate: ClassVar[str] = "user_id"

    user_id: int
    at: UTCDatetime


class LoginThrottled(Fact):
    """Log-ins to a known account are refused because there were too many; told now and then."""

    subject: ClassVar[str] = "stitch.auth.login.throttled.v1"
    aggregate: ClassVar[str] = "user_id"

    user_id: int
    at: UTCDatetime


class EmailVerificationRequested(Fact):
    """A verification mail is due; notifications makes the link from these ids.

    Purpose of the link: `verify-email`; its id is `verification_id`, its version 1.
    """

    subject: ClassVar[str] = "stitch.auth.email_verification.requested.v1"
    aggregate: ClassVar[str] = "user_id"

    user_id: int
    verification_id: int
    email: str
    full_name: str
    expires_at: UTCDatetime
    at: UTCDatetime


class RegistrationRepeated(Fact):
    """Somebody has registered with the e-mail of an existing account; its owner is told."""

    subject: ClassVar[str] = "stitch.auth.registration.repeated.v1"
    aggregate: ClassVar[str] = "user_id"

    user_id: int
    email: str
    full_name: str
    notice_id: int | None = None
    """Of the link with which the owner objects, as for `SecurityNoticeRequested`."""
    notice_expires_at: UTCDatetime | None = None
    at: UTCDatetime


class EmailChanged(Fact):
    """An account has another, confirmed address; who reads mail at the old one is told."""

    subject: ClassVar[str] = "stitch.auth.email.changed.v1"
    aggregate: ClassVar[str] = "user_id"

    user_id: int
    old_email: str
    email: str
    full_name: str
    notice_id: int | None = None
    """Of the link with which the owner objects, as for `SecurityNoticeRequested`."""
    notice_expires_at: UTCDatetime | None = None
    at: UTCDatetime


class PasswordResetRequested(Fact):
    """A mail with which somebody can set a new password is due; notifications makes the link.

    Purpose of the link: `reset-password`; its id is `reset_id`, its version 1.
    """

    subject: ClassVar[str] = "stitch.auth.password_reset.requested.v1"
    aggregate: ClassVar[str] = "user_id"

    user_id: int
    reset_id: int
    email: str
    full_name: str
    expires_at: UTCDatetime
    is_invitation: bool = False
    """Whether an admin has made the account, so that there is no password yet."""
    at: UTCDatetime


class PasswordResetCompleted(Fact):
    """Somebody has set a new password by a mailed link; all sessions have ended."""

    subject: ClassVar[str] = "stitch.auth.password_reset.completed.v1"
    aggregate: ClassVar[str] = "user_id"

    user_id: int
    at: UTCDatetime


class SecurityNoticeRequested(Fact):
    """The owner of an account should know what was done with it, and can say that it was not them.

    Purpose of the link: `not-me`; its id is `notice_id`, its version 1. `about` is what was done:
    `password-changed`, `password-reset`, `new-device`, `second-factor-added` or
    `second-factor-removed`; readers tell in general of what they don't know.
    """

    subject: ClassVar[str] = "stitch.auth.security_notice.requested.v1"
    aggregate: ClassVar[str] = "user_id"

    user_id: int
    notice_id: int
    about: str
    email: str
    full_name: str
    ip: str | None = None
    """From where, if that is known."""
    device: str | None = None
    """With what, in words of ours: nothing that whoever did it could choose."""
    expires_at: UTCDatetime
    at: UTCDatetime
