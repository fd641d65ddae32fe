"""Configuration: one settings class a service, from the environment or from secret files."""

from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)


class SecretFiles(EnvSettingsSource):
    """`STITCH_<NAME>_FILE` names a file whose content is the value of `STITCH_<NAME>`."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        path = self.env_vars.get(f"{self.env_prefix}{field_name}_file".lower())
        value = Path(path).read_text().strip() if path else None
        return value, field_name, self.field_is_complex(field)


Keyring = dict[str, SecretStr]
"""Keys by id, base64; the last one is for new work, all of them for what exists."""

Keyrings = dict[str, Keyring]
"""Keyrings by purpose."""


class ServiceSettings(BaseSettings):
    """What every process needs to know; secrets have no default and may come from files."""

    model_config = SettingsConfigDict(env_prefix="STITCH_", extra="ignore")

    environment: Literal["dev", "test", "prod"] = "prod"
    listen_host: str = "127.0.0.1"
    listen_port: int = 8000
    ops_port: int = 9000
    """Where /healthz, /readyz and /metrics are; the gateway does not route it."""
    public_url: str = "http://localhost:8000"
    """Where people reach the gateway; links in mails are built from it, never from a request."""
    nats_url: str = "nats://127.0.0.1:4222"
    stream_replicas: int = Field(default=1, ge=1, le=5)
    """How many servers of the cluster keep each fact."""
    jwks_url: str = "http://127.0.0.1:8001/api/auth/.well-known/jwks.json"
    token_issuer: str = "stitch-cms-api"  # noqa: S105 - a name
    token_audience: str = "stitch-cms"  # noqa: S105 - a name
    access_token_ttl: timedelta = timedelta(minutes=15)
    """How long auth's tokens last, the same everywhere: revocations are remembered as long."""
    otlp_endpoint: str | None = None
    trace_sample_ratio: float = Field(default=1.0, ge=0, le=1)
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    drain_notice: timedelta = timedelta(seconds=0.5)
    """Between not being ready any more and taking no more connections."""
    drain_timeout: timedelta = timedelta(seconds=20)

    head_timeout: timedelta = timedelta(seconds=10)
    """From connecting to the first byte of a request, and from there to the end of its head."""
    body_timeout: timedelta = timedelta(seconds=20)
    """How long a client may pause within a body; who sends too slowly pauses."""
    min_body_rate: int = Field(default=1024, ge=1)
    """Bytes a second of a body, below which a client uses up its `body_timeout`."""
    answer_timeout: timedelta = timedelta(seconds=30)
    """Until a client has taken something of the answer that waits for it."""
    keep_alive_timeout: timedelta = timedelta(seconds=75)
    """Between an answer and the next request of a connection."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, SecretFiles(settings_cls)

    @classmethod
    def load(cls) -> Self:
        """Read the environment; a pydantic ValidationError names what is missing."""
        return cls()


class StoredServiceSettings(ServiceSettings):
    """Settings of a service that has a schema of its own."""

    database_url: SecretStr
    """`postgresql://role:password@host:port/database`, the service's own role."""
    database_pool_size: int = Field(default=8, ge=1)
    cursor_key: SecretStr
    """Signs list cursors; any random text of 32 characters or more."""
