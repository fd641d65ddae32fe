"""Nobody in the cluster can do, reach or read more than he needs."""

import re

import pytest
from tests.architecture.deployment.cluster import (
    POSTGRES,
    Cluster,
    Direction,
    Pod,
    peers_of,
    ports_of,
)
from tests.architecture.deployment.kustomize import Manifest
from tests.architecture.deployment.secrets_made import kubernetes_secrets

from stitch_common.settings import ServiceSettings, StoredServiceSettings

VOLUMES = {"configMap", "emptyDir", "projected", "secret", "persistentVolumeClaim"}
"""Of those that the restricted Pod Security Standard allows."""
ASKS_KUBERNETES = {"prometheus"}
"""Whoever else had a token could use it for nothing but harm."""
SPARE_CONNECTIONS = 60
"""For the operator, for people, and for what is just being replaced."""


def test_the_namespace_enforces_the_restricted_standard(cluster: Cluster) -> None:
    labels = cluster.find("Namespace", "stitch")["metadata"]["labels"]

    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_every_pod_keeps_the_restricted_standard(cluster: Cluster) -> None:
    for pod in cluster.pods:
        context = pod.spec["securityContext"]

        assert context["runAsNonRoot"] is True, pod
        assert context["runAsUser"] > 0, pod
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}, pod
        assert not pod.spec.keys() & {"hostNetwork", "hostPID", "hostIPC", "initContainers"}, pod
        for volume in pod.spec.get("volumes", []):
            assert volume.keys() - {"name"} <= VOLUMES, pod


def test_every_container_is_confined_and_limited(cluster: Cluster) -> None:
    for pod in cluster.pods:
        for container in pod.containers:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, pod
            resources = container["resources"]
            assert resources["requests"].keys() == {"cpu", "memory"}, pod
            assert "memory" in resources["limits"], pod


def test_only_those_who_ask_kubernetes_have_a_token(cluster: Cluster) -> None:
    for pod in cluster.pods:
        has_token = pod.spec.get("automountServiceAccountToken", True)

        assert has_token == (pod.name in ASKS_KUBERNETES), pod


def test_a_process_has_time_to_drain(cluster: Cluster) -> None:
    drain = ServiceSettings.model_fields["drain_timeout"].default.total_seconds()
    for pod in cluster.pods:
        if pod.is_ours and pod.kind == "Deployment":
            (container,) = pod.containers
            pause = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {})
            assert pod.spec["terminationGracePeriodSeconds"] >= drain + pause.get("seconds", 0) + 5
            assert bool(pause) == ("http" in pod.ports), "who serves HTTP lets proxies learn first"


def test_no_manifest_holds_a_secret(cluster: Cluster) -> None:
    assert "Secret" not in {manifest["kind"] for manifest in cluster.manifests}
    for pod in cluster.pods:
        for variable in (v for c in pod.containers for v in c.get("env", [])):
            if re.search(r"(PASSWORD|KEYS?|PEPPERS|SECRET)$", variable["name"]):
                value = variable.get("value", "$(")
                assert "$(" in value, f"{pod}: {variable['name']}"


def test_every_secret_that_is_needed_is_one_that_is_made(cluster: Cluster) -> None:
    made = kubernetes_secrets()
    for pod in cluster.pods:
        for variable in (v for c in pod.containers for v in c.get("env", [])):
            reference = variable.get("valueFrom", {}).get("secretKeyRef", {"optional": True})
            if not reference.get("optional"):
                assert reference["key"] in made[reference["name"]], pod
    for role in cluster.find("Cluster", "postgres")["spec"]["managed"]["roles"]:
        secret = made[role["passwordSecret"]["name"]]
        assert secret["username"] == role["name"]


def test_nothing_is_allowed_by_default(cluster: Cluster) -> None:
    policy = cluster.find("NetworkPolicy", "default-deny")

    assert policy["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_every_pod_has_a_policy_of_its_own(cluster: Cluster) -> None:
    for pod in [*cluster.pods, POSTGRES]:
        selectors = [p["spec"]["podSelector"] for p in cluster.policies_of(pod, "egress")]

        assert any(selectors), f"{pod} has no more than what everybody has"


def test_every_policy_is_somebodys(cluster: Cluster) -> None:
    for policy in cluster.of_kind("NetworkPolicy"):
        assert cluster.selected(policy["spec"]["podSelector"]), policy["metadata"]["name"]


@pytest.mark.parametrize("direction", ["ingress", "egress"])
def test_what_one_side_of_a_connection_may_the_other_may_too(
    cluster: Cluster, direction: Direction
) -> None:
    opposite: Direction = "egress" if direction == "ingress" else "ingress"
    for pod in [*cluster.pods, POSTGRES]:
        for rule in rules(cluster, pod, direction):
            for other in peers(cluster, rule, direction):
                receiver = pod if direction == "ingress" else other
                for port in ports_of(rule):
                    assert port in receiver.ports.values(), f"{receiver} has no port {port}"
                    assert cluster.may(other, opposite, pod, port), f"{pod}, {other}: {port}"


def rules(cluster: Cluster, pod: Pod, direction: Direction) -> list[Manifest]:
    policies = cluster.policies_of(pod, direction)
    return [rule for policy in policies for rule in policy["spec"].get(direction, [])]


def peers(cluster: Cluster, rule: Manifest, direction: Direction) -> list[Pod]:
    selectors = [p["podSelector"] for p in peers_of(rule, direction) if p.keys() == {"podSelector"}]
    return [pod for selector in selectors for pod in cluster.selected(selector)]


def test_all_pools_together_fit_into_the_database(cluster: Cluster) -> None:
    parameters = cluster.find("Cluster", "postgres")["spec"]["postgresql"]["parameters"]
    pool = StoredServiceSettings.model_fields["database_pool_size"].default
    # A pool, the relay's own connection, and one by which it listens.
    stored = [s for s in cluster.of_kind("HorizontalPodAutoscaler") if "gateway" not in str(s)]

    most = sum(scaler["spec"]["maxReplicas"] for scaler in stored) * (pool + 2)

    assert most + SPARE_CONNECTIONS <= int(parameters["max_connections"])
