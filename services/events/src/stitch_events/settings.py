"""Configuration of the events service."""

from stitch_common.settings import Keyrings, StoredServiceSettings


class EventsSettings(StoredServiceSettings):
    """What the events service needs beyond the defaults."""

    link_keys: Keyrings
    """Needs the purpose `rsvp`, with the same keys as notifications, who makes the links."""
    mail_from: str = "Stitch <no-reply@stitch.example>"
    """As in notifications; the organiser in calendar entries (RFC 5546 demands one)."""
