"""Where the servers are: from the environment, or from the stack that runs on this laptop."""

import json
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from stitch_common.settings import SecretFiles

LAPTOP = Path(".stitch/dev.json")


class LaptopSettings(PydanticBaseSettingsSource):
    """What `make run` has written down about its servers."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        del field
        return self().get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        if not LAPTOP.exists():
            return {}
        found = json.loads(LAPTOP.read_text())
        return {"nats_url": found["nats"], "database_url": found["postgres"]}


class OperatorSettings(BaseSettings):
    """The same names as the services have, so the command works in any of their containers."""

    model_config = SettingsConfigDict(env_prefix="STITCH_", extra="ignore")

    nats_url: str = "nats://127.0.0.1:4222"
    database_url: SecretStr | None = None
    """Any role: it sees the outboxes that the role may read."""
    stream_replicas: int = 1

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        laptop = LaptopSettings(settings_cls)
        return init_settings, env_settings, SecretFiles(settings_cls), laptop
