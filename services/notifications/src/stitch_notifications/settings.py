"""Configuration of the notifications service."""

from datetime import timedelta
from email.utils import parseaddr
from typing import Literal, Self

from email_validator import validate_email
from pydantic import Field, SecretStr, field_validator, model_validator

from stitch_common.settings import Keyrings, StoredServiceSettings

LINK_PURPOSES = frozenset({"rsvp", "verify-email", "reset-password", "not-me", "unsubscribe"})


class NotificationsSettings(StoredServiceSettings):
    """What this service needs to know beside what every service does."""

    listen_port: int = 8004
    ops_port: int = 9004
    link_keys: Keyrings
    """Keys for the links in mails, by purpose: `rsvp`, `verify-email` …"""
    account_pages_url: str | None = None
    """Where the pages behind links about accounts are; unset: `public_url`, where auth has them."""

    smtp_host: str = "127.0.0.1"
    smtp_port: int = Field(default=1025, ge=1, le=65535)
    smtp_tls: Literal["auto", "none", "starttls", "tls"] = "auto"
    """`auto` encrypts where the server offers it, `starttls` insists, `tls` is port 465."""
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    smtp_timeout: timedelta = timedelta(seconds=60)
    """For each answer of the mail server."""
    mail_from: str = "Stitch <no-reply@stitch.example>"
    """Sender of all mails; the name is also what their header shows."""

    sender_connections: int = Field(default=4, ge=1, le=64)
    """Mails under way at once; at worst so many are repeated when a process is killed."""
    sender_claim_size: int = Field(default=8, ge=1, le=100)
    """How many due mails a connection takes at a time."""
    sender_lease: timedelta = timedelta(seconds=12)
    """How soon the claims of a killed process are taken over."""
    sender_poll: timedelta = timedelta(seconds=1)
    retry_first: timedelta = timedelta(seconds=15)
    retry_longest: timedelta = timedelta(hours=4)
    give_up_after: timedelta = timedelta(hours=72)

    @field_validator("link_keys")
    @classmethod
    def _has_all_purposes(cls, keyrings: Keyrings) -> Keyrings:
        if missing := LINK_PURPOSES - keyrings.keys():
            message = f"no key for {', '.join(sorted(missing))}"
            raise ValueError(message)
        return keyrings

    @field_validator("mail_from")
    @classmethod
    def _is_an_address(cls, sender: str) -> str:
        address = parseaddr(sender)[1]
        if "@" not in address:
            message = "not an e-mail address"
            raise ValueError(message)
        return sender if address.isascii() else sender.replace(address, _in_ascii(address))

    @model_validator(mode="after")
    def _keeps_the_password_secret(self) -> Self:
        if self.smtp_username and self.smtp_tls not in {"starttls", "tls"}:
            message = "smtp_username needs smtp_tls to be starttls or tls"
            raise ValueError(message)
        return self


def _in_ascii(address: str) -> str:
    """Not every mail server knows SMTPUTF8, and the sender must get through all of them."""
    checked = validate_email(address, check_deliverability=False, globally_deliverable=False)
    if checked.ascii_email is None:
        message = "what stands before the @ must be ASCII"
        raise ValueError(message)
    return checked.ascii_email
