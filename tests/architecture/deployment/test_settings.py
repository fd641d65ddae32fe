"""Every setting has its key: each process finds in its environment what its code reads."""

import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from inspect import getmembers, isclass

import pytest
from tests.architecture.deployment.cluster import Cluster, Pod
from tests.architecture.deployment.compose import compose
from tests.architecture.deployment.image import image_environment
from tests.architecture.deployment.secrets_made import kubernetes_secrets

from stitch_common.settings import ServiceSettings

PREFIX = "STITCH_"
ONLY_AT_HOME = re.compile(r"localhost|127\.0\.0\.|\.example\b")
"""Such a default is right on a laptop or nowhere."""
DEV_HAS_A_DEFAULT = {"STITCH_MAIL_FROM"}
REFERENCE = re.compile(r"\$\(([A-Z_]+)\)")

Environment = Mapping[str, str]
containers = {
    name: service for name, service in compose()["services"].items() if "build" in service
}


def settings_of(service: str) -> type[ServiceSettings]:
    module = import_module(f"stitch_{service}.settings")
    (found,) = (
        each
        for _, each in getmembers(module, isclass)
        if issubclass(each, ServiceSettings) and each.__module__ == module.__name__
    )
    return found


def pod_environment(cluster: Cluster, pod: Pod) -> dict[str, str]:
    """As the kubelet puts it together."""
    (container,) = pod.containers
    found = image_environment()
    for source in container["envFrom"]:
        found |= cluster.find("ConfigMap", source["configMapRef"]["name"])["data"]
    for variable in container["env"]:
        if "value" in variable:
            found[variable["name"]] = REFERENCE.sub(lambda m: found[m[1]], variable["value"])
        else:
            reference = variable["valueFrom"]["secretKeyRef"]
            secret = kubernetes_secrets().get(reference["name"], {})
            if reference["key"] in secret:
                found[variable["name"]] = secret[reference["key"]]
    return found


def load(
    settings: type[ServiceSettings], environment: Environment, patch: pytest.MonkeyPatch
) -> ServiceSettings:
    for name, value in environment.items():
        patch.setenv(name, value)
    return settings.load()


def strangers(settings: type[ServiceSettings], environment: Environment) -> set[str]:
    """What this process is told although its code does not read it, perhaps a slip of the pen."""
    fields = {f"{PREFIX}{name.upper()}" for name in settings.model_fields}
    return {name for name in environment if name.startswith(PREFIX)} - fields


def defaults_for_home(settings: type[ServiceSettings]) -> Iterator[str]:
    for name, field in settings.model_fields.items():
        if ONLY_AT_HOME.search(repr(field.default)):
            yield f"{PREFIX}{name.upper()}"


@pytest.mark.parametrize("name", containers)
def test_a_container_of_compose_is_told_all_it_must_know(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(name.split("-", maxsplit=1)[0])
    environment = image_environment() | containers[name]["environment"]

    loaded = load(settings, environment, monkeypatch)

    assert strangers(settings, environment) == set()
    assert {*defaults_for_home(settings)} - DEV_HAS_A_DEFAULT <= environment.keys()
    assert (loaded.listen_host, loaded.listen_port, loaded.ops_port) == ("0.0.0.0", 8000, 9000)


def test_a_pod_is_told_all_it_must_know(cluster: Cluster) -> None:
    for pod in (pod for pod in cluster.pods if pod.is_ours):
        settings = settings_of(pod.labels["app.kubernetes.io/name"])
        environment = pod_environment(cluster, pod)

        with pytest.MonkeyPatch.context() as patch:
            loaded = load(settings, environment, patch)

        assert strangers(settings, environment) == set(), pod
        assert {*defaults_for_home(settings)} <= environment.keys(), pod
        assert (loaded.listen_port, loaded.ops_port) == (8000, 9000), pod


def test_as_many_servers_keep_a_fact_as_there_are(cluster: Cluster) -> None:
    servers = cluster.find("StatefulSet", "nats")["spec"]["replicas"]
    told = cluster.find("ConfigMap", "stitch-settings")["data"]["STITCH_STREAM_REPLICAS"]

    assert int(told) == servers == 3


def test_mails_and_calendars_come_from_one_address(cluster: Cluster) -> None:
    environments = [pod_environment(cluster, pod) for pod in cluster.pods if pod.is_ours]

    senders = {e["STITCH_MAIL_FROM"] for e in environments if "STITCH_MAIL_FROM" in e}

    assert len(senders) == 1


def test_a_pod_is_told_nothing_that_compose_does_not_tell_too(cluster: Cluster) -> None:
    # What only one of the two has is for people (mail server, origins) or a slip of the pen.
    outside = {
        "STITCH_CORS_ORIGINS", "STITCH_MAIL_FROM", "STITCH_SMTP_PORT",
        "STITCH_SMTP_TLS", "STITCH_STREAM_REPLICAS", "STITCH_TRACE_SAMPLE_RATIO",
        "STITCH_TRUSTED_PROXIES",
    }  # fmt: skip
    for pod in (pod for pod in cluster.pods if pod.is_ours):
        name = re.sub(r"-migrate-.*", "-migrate", pod.name)
        environment = {*pod_environment(cluster, pod)} - {*image_environment()}
        told = {name for name in environment if name.startswith(PREFIX)}

        assert told - outside == {*containers[name]["environment"]} - outside, pod
