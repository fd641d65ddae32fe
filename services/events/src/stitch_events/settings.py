"""Configuration of the events service."""

from pydantic import EmailStr

from stitch_common.settings import Keyrings, StoredServiceSettings


class EventsSettings(StoredServiceSettings):
    """What the events service needs beyond the defaults."""

    link_keys: Keyrings
    """Needs the purpose `rsvp`, with the same keys as notifications, who makes the links."""
    organizer_email: EmailStr = "events@stitch.example"
    """The organiser in calendar entries (RFC 5546 demands one)."""
