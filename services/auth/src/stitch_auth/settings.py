"""What the auth service needs to know."""

import os
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, field_validator

from stitch_common.security.principals import Role
from stitch_common.settings import Keyring, Keyrings, StoredServiceSettings

DEV_ORIGINS = ("http://localhost:3000",)
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
LINK_PURPOSES = frozenset({"verify-email", "reset-password", "not-me"})
LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


class BootstrapUser(BaseModel):
    """Somebody who may log in before anybody could register."""

    username: str
    email: str
    password: SecretStr
    full_name: str
    role: Role


class AuthSettings(StoredServiceSettings):
    """Keys, who may register, how long things last, and how often they may be tried."""

    secret_keys: Keyring
    """Seal the private signing keys; refresh tokens are derived from them."""
    password_peppers: Keyring
    """Mixed into every password; an old one stays as long as hashes made with it."""
    link_keys: Keyrings
    """Purposes `verify-email`, `reset-password` and `not-me`."""

    registration: Literal["open", "invite", "closed"] = "open"
    default_role: Role = Role.VIEWER
    bootstrap_users: tuple[BootstrapUser, ...] = ()
    verification_ttl: timedelta = timedelta(hours=48)
    reset_ttl: timedelta = timedelta(minutes=30)
    invitation_ttl: timedelta = timedelta(days=7)
    objection_ttl: timedelta = timedelta(days=3)
    """How long an owner can say that it was not them, and gets the account back as it was."""
    login_url: str | None = None
    """Where a page sends people who may now log in; unset: no such link."""

    registration_retention: timedelta = timedelta(days=30)
    """How long an account is kept that nobody confirms, and a name that was wanted in vain."""
    session_retention: timedelta = timedelta(days=90)
    """How long a session that has ended is kept, to know its device again."""
    link_retention: timedelta = timedelta(days=30)
    """How long a mailed link is known after it has expired."""
    audit_retention: timedelta = timedelta(days=365)

    cors_origins: tuple[str, ...] | None = None
    """Frontends that may use the refresh cookie; unset: `http://localhost:3000` in dev."""
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = LOOPBACK
    """Whose `X-Forwarded-For` tells the client's address: the gateway's addresses."""

    refresh_idle_ttl: timedelta = timedelta(days=14)
    """A session that is not refreshed for so long ends."""
    refresh_absolute_ttl: timedelta = timedelta(days=90)
    """A session ends then, however often it was refreshed."""
    refresh_grace: timedelta = Field(default=timedelta(seconds=30), le=timedelta(seconds=30))
    """How long after its first use the previous refresh token answers the same successor."""

    signing_key_lifetime: timedelta = timedelta(days=30)
    """How long a key signs before the next one follows."""
    signing_key_bits: int = Field(default=2048, ge=2048)
    jwks_max_age: timedelta = timedelta(minutes=5)

    hashing_memory_kib: int = Field(default=19 * 1024, ge=8)
    hashing_passes: int = Field(default=2, ge=1)
    hashing_threads: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1)
    hashing_queue: int = Field(default=32, ge=1)
    """How many passwords may wait; the next one is answered 503."""

    login_limit: int = Field(default=5, ge=1)
    """Log-ins for one account from one network within `login_window`."""
    login_limit_per_network: int = Field(default=100, ge=1)
    login_window: timedelta = timedelta(seconds=30)
    login_limit_per_hour: int = Field(default=20, ge=1)
    """Log-ins for one account from one network within an hour, since the last that succeeded."""
    device_ttl: timedelta = timedelta(days=180)
    """How long a device is known from which somebody has logged in."""
    max_failed_logins: int = Field(default=100, ge=1, le=100)
    """Wrong passwords for one account from anywhere; then its owner must set a new one."""
    registration_limit: int = Field(default=30, ge=1)
    """Registrations and wishes for another mail from one network within `registration_window`."""
    registration_window: timedelta = timedelta(minutes=10)
    mail_cool_down: timedelta = timedelta(minutes=1)
    """Between two mails that strangers can cause to one address."""
    mail_answer_after: timedelta = timedelta(milliseconds=200)
    """When wishes for mails, registrations and wrong passwords are answered, whether there is an
    account or not; or after twice, three times as long."""

    @field_validator("link_keys")
    @classmethod
    def _has_all_purposes(cls, keyrings: Keyrings) -> Keyrings:
        if missing := LINK_PURPOSES - keyrings.keys():
            raise ValueError(f"no key for {', '.join(sorted(missing))}")
        return keyrings

    @property
    def trusted_origins(self) -> frozenset[str]:
        """Sites whose pages may use the refresh cookie: the frontends, and this system itself."""
        public = urlsplit(self.public_url)
        frontends = self.cors_origins
        if frontends is None:
            frontends = DEV_ORIGINS if self.environment == "dev" else ()
        return frozenset({f"{public.scheme}://{public.netloc}", *frontends})

    @property
    def is_local(self) -> bool:
        """Whether people reach this over plain HTTP on their own machine."""
        public = urlsplit(self.public_url)
        return public.scheme == "http" and public.hostname in LOCAL_HOSTS
