"""Every service is deployed, wherever Stitch is deployed; deployment/ looks at how."""

from pathlib import Path

import pytest
from tests.architecture.deployment.cluster import Cluster, overlay
from tests.architecture.deployment.compose import compose

ROOT = Path(__file__).parents[2]
SERVICES = sorted(folder.name for folder in (ROOT / "services").iterdir() if folder.is_dir())


def processes(service: str) -> set[str]:
    """The gateway keeps nothing, so it has nothing to migrate and nothing to work off."""
    kinds = {"api"} if service == "gateway" else {"api", "worker", "migrate"}
    return {f"{service}-{kind}" for kind in kinds}


@pytest.mark.parametrize("service", SERVICES)
def test_compose_runs_every_process_of_a_service(service: str) -> None:
    found = {n for n, s in compose()["services"].items() if s["image"] == f"stitch-{service}"}

    assert found == processes(service)


@pytest.mark.parametrize("name", ["dev", "prod"])
@pytest.mark.parametrize("service", SERVICES)
def test_kubernetes_runs_every_process_of_a_service(name: str, service: str) -> None:
    cluster: Cluster = overlay(name)
    release = cluster.find("ConfigMap", "release")["data"]["version"]

    found = {
        pod.name.removesuffix(f"-{release}")
        for pod in cluster.pods
        if pod.is_ours and pod.labels["app.kubernetes.io/name"] == service
    }

    assert found == processes(service)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_reached_by_one_name_in_compose_and_in_kubernetes(service: str) -> None:
    assert f"{service}-api" in compose()["services"]
    assert f"{service}-api" in overlay("prod").names("Service")
