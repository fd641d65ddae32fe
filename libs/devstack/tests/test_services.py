"""Every service gets what its settings class declares, and nothing else."""

from importlib import import_module
from pathlib import Path

import pytest

from stitch_common.process import Service as Process
from stitch_common.settings import ServiceSettings
from stitch_dev.environments import environment
from stitch_dev.secrets_file import Secrets
from stitch_dev.services import SERVICES, Service, Surroundings
from stitch_dev.settings import Ports


@pytest.fixture
def around(tmp_path: Path) -> Surroundings:
    return Surroundings(Ports(), Secrets(tmp_path / "secrets.json"))


def settings_of(service: Service) -> type[ServiceSettings]:
    process = import_module(f"{service.module}.__main__").SERVICE
    assert isinstance(process, Process)
    return process.settings


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_service_is_given_only_what_it_declares(service: Service, around: Surroundings) -> None:
    given = {name for name in environment(service, around) if name.startswith("STITCH_")}

    declared = {f"STITCH_{name.upper()}" for name in settings_of(service).model_fields}

    assert given - declared == set()


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_service_understands_what_it_is_given(
    service: Service, around: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(service, around).items():
        monkeypatch.setenv(name, value)

    settings = settings_of(service).load()

    assert settings.listen_port == Ports().api(service.offset)
    assert settings.environment == "dev"
