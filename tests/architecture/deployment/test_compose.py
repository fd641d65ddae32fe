"""docker-compose.yml is consistent: everything it names is there, and everybody is confined."""

import re
from typing import Any

import pytest
from tests.architecture.deployment.cluster import ROOT
from tests.architecture.deployment.compose import NotSetError, compose, interpolate
from tests.architecture.deployment.image import dockerfile

from stitch_common.settings import ServiceSettings

STORED = ("auth", "content", "events", "notifications", "ai")
HOST = re.compile(r"(?:://(?:[^@/\s]+@)?)([a-z-]+):\d+")

services: dict[str, dict[str, Any]] = compose()["services"]


def is_job(service: dict[str, Any]) -> bool:
    return bool(service["restart"] == "no")


def seconds(duration: str) -> int:
    return int(duration.removesuffix("s"))


@pytest.mark.parametrize("name", services)
def test_a_container_is_confined(name: str) -> None:
    service = services[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.keys() & {"privileged", "cap_add", "network_mode", "pid", "ipc"}


@pytest.mark.parametrize("name", services)
def test_what_a_container_waits_for_can_come_true(name: str) -> None:
    for other, wait in services[name].get("depends_on", {}).items():
        if wait["condition"] == "service_completed_successfully":
            assert is_job(services[other])
        else:
            assert wait["condition"] == "service_healthy"
            assert has_health_check(services[other])


def has_health_check(service: dict[str, Any]) -> bool:
    own = service.get("healthcheck", {})
    return not own.get("disable") and ("test" in own or "build" in service)


@pytest.mark.parametrize("name", services)
def test_a_container_says_whether_it_is_healthy_or_somebody_waits_for_its_end(name: str) -> None:
    # Without the waiting `docker compose up --wait` would take a job's end for a failure.
    waits = [s["depends_on"][name] for s in services.values() if name in s.get("depends_on", {})]

    if is_job(services[name]):
        assert {wait["condition"] for wait in waits} == {"service_completed_successfully"}
    else:
        assert has_health_check(services[name])


def test_the_images_health_check_is_there_and_asks_at_the_ops_port() -> None:
    text = dockerfile()

    assert "HEALTHCHECK" in text
    assert "'127.0.0.1', 9000" in text
    assert "STITCH_OPS_PORT=9000" in text


@pytest.mark.parametrize("name", services)
def test_only_this_machine_reaches_a_port_and_only_by_the_outside(name: str) -> None:
    for port in services[name].get("ports", []):
        assert port.startswith("127.0.0.1:")
        assert "outside" in services[name]["networks"]


def test_no_two_containers_want_one_port() -> None:
    ports = [p.split(":")[1] for s in services.values() for p in s.get("ports", [])]

    assert sorted(ports) == sorted(set(ports))
    assert "3000" not in ports, "the frontend's in development"


def test_networks_and_volumes_and_files_are_there() -> None:
    for service in services.values():
        assert {*service["networks"]} <= compose()["networks"].keys()
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            known = (ROOT / source).exists() if "/" in source else source in compose()["volumes"]
            assert known, volume


@pytest.mark.parametrize("name", services)
def test_an_address_is_another_container_on_a_common_network(name: str) -> None:
    for value in services[name].get("environment", {}).values():
        for host in HOST.findall(value):
            if host != "localhost":
                assert {*services[host]["networks"]} & {*services[name]["networks"]}


@pytest.mark.parametrize("name", [n for n in services if "build" in services[n]])
def test_a_process_has_time_to_drain(name: str) -> None:
    drain = ServiceSettings.model_fields["drain_timeout"].default.total_seconds()

    assert seconds(services[name]["stop_grace_period"]) >= drain + 5


@pytest.mark.parametrize("name", STORED)
def test_a_service_is_migrated_before_it_starts_and_after_its_role_is_there(name: str) -> None:
    done = {"condition": "service_completed_successfully"}

    assert services[f"{name}-migrate"]["depends_on"]["roles"] == done
    for process in ("api", "worker"):
        assert services[f"{name}-{process}"]["depends_on"][f"{name}-migrate"] == done


@pytest.mark.parametrize("name", [*STORED, "gateway"])
def test_the_processes_of_a_service_differ_in_their_command_only(name: str) -> None:
    processes = {n: s for n, s in services.items() if s.get("image") == f"stitch-{name}"}

    assert {s["build"]["args"]["SERVICE"] for s in processes.values()} == {name}
    assert len({str(s["environment"]) for s in processes.values()}) == 1
    assert all(n == f"{name}-{s['command'][0]}" for n, s in processes.items())


@pytest.mark.parametrize("name", STORED)
def test_a_service_has_only_its_own_password(name: str) -> None:
    passwords = {
        other: services[f"{other}-api"]["environment"]["STITCH_DATABASE_URL"].split("@")[0]
        for other in STORED
    }
    told = str(services[f"{name}-worker"]["environment"])

    assert [other for other, password in passwords.items() if password in told] == [name]


def test_without_a_value_compose_refuses_to_start() -> None:
    with pytest.raises(NotSetError, match="NATS_PASSWORD"):
        interpolate("nats://stitch:${NATS_PASSWORD:?is missing}@nats:4222", {})
