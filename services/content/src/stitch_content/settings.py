"""What a process of the content service needs to know."""

from datetime import timedelta

from stitch_common.settings import Keyring, StoredServiceSettings


class ContentSettings(StoredServiceSettings):
    """Configuration of the content service."""

    listen_port: int = 8002
    ops_port: int = 9002
    secret_keys: Keyring
    """Seal the values of secret site settings at rest."""
    public_max_age: timedelta = timedelta(seconds=60)
    """How long caches may answer for us: published content and the site's configuration."""
