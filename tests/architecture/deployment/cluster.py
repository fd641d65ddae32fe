"""What a rendered overlay would put into a cluster, and who may talk to whom there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from tests.architecture.deployment.kustomize import WORKLOADS, Manifest, render

ROOT = Path(__file__).parents[3]
OVERLAYS = ROOT / "deploy/k8s/overlays"
Labels = Mapping[str, str]
Direction = Literal["ingress", "egress"]


@dataclass(frozen=True)
class Pod:
    """The pods of one workload."""

    kind: str
    name: str
    labels: Labels
    spec: Manifest

    @property
    def containers(self) -> list[Manifest]:
        return list(self.spec["containers"])

    @property
    def ports(self) -> dict[str, int]:
        declared = (port for each in self.containers for port in each.get("ports", []))
        return {port["name"]: port["containerPort"] for port in declared}

    @property
    def is_ours(self) -> bool:
        return self.labels.get("app.kubernetes.io/part-of") == "stitch"

    def __str__(self) -> str:
        return self.name


# The operator makes these pods from the Cluster, so no manifest shows them.
POSTGRES = Pod(
    "Cluster",
    "postgres",
    {"cnpg.io/cluster": "postgres"},
    {"containers": [{"ports": [
        {"name": "postgresql", "containerPort": 5432}, {"name": "status", "containerPort": 8000}
    ]}]},
)  # fmt: skip


class Cluster:
    def __init__(self, manifests: list[Manifest]) -> None:
        self.manifests = manifests

    def of_kind(self, *kinds: str) -> list[Manifest]:
        """At least one, or a rule about all of them would prove nothing."""
        found = [manifest for manifest in self.manifests if manifest["kind"] in kinds]
        assert found, f"there is no {' or '.join(kinds)}"
        return found

    def names(self, kind: str) -> set[str]:
        return {m["metadata"]["name"] for m in self.of_kind(kind)}

    def find(self, kind: str, name: str) -> Manifest:
        return next(m for m in self.of_kind(kind) if m["metadata"]["name"] == name)

    @property
    def pods(self) -> list[Pod]:
        """One for each workload that our manifests show."""
        templates = ((m, m["spec"]["template"]) for m in self.of_kind(*WORKLOADS))
        return [
            Pod(m["kind"], m["metadata"]["name"], t["metadata"]["labels"], t["spec"])
            for m, t in templates
        ]

    def selected(self, selector: Manifest) -> list[Pod]:
        return [pod for pod in [*self.pods, POSTGRES] if selects(selector, pod.labels)]

    def policies_of(self, pod: Pod, direction: Direction) -> Iterator[Manifest]:
        for policy in self.of_kind("NetworkPolicy"):
            spec = policy["spec"]
            if direction.title() in spec["policyTypes"] and selects(
                spec["podSelector"], pod.labels
            ):
                yield policy

    def may(self, pod: Pod, direction: Direction, other: Pod, port: int) -> bool:
        """Whether some policy of `pod` lets it talk with the other at this port."""
        rules = (
            rule
            for policy in self.policies_of(pod, direction)
            for rule in policy["spec"].get(direction, [])
        )
        return any(_has_peer(rule, direction, other) and port in ports_of(rule) for rule in rules)


def peers_of(rule: Manifest, direction: Direction) -> list[Manifest]:
    return list(rule.get("from" if direction == "ingress" else "to", []))


def ports_of(rule: Manifest) -> list[int]:
    return [port["port"] for port in rule.get("ports", [])]


def _has_peer(rule: Manifest, direction: Direction, other: Pod) -> bool:
    if not peers_of(rule, direction):
        return True  # no peer named: everybody
    return any(
        "podSelector" in peer
        and "namespaceSelector" not in peer
        and selects(peer["podSelector"], other.labels)
        for peer in peers_of(rule, direction)
    )


def selects(selector: Manifest, labels: Labels) -> bool:
    """As Kubernetes does: an empty selector selects everything; only `In` is used here."""
    wanted = selector.get("matchLabels", {}).items()
    expressions: list[Any] = selector.get("matchExpressions", [])
    return wanted <= labels.items() and all(
        expression["operator"] == "In" and labels.get(expression["key"]) in expression["values"]
        for expression in expressions
    )


@cache
def overlay(name: str) -> Cluster:
    return Cluster(render(OVERLAYS / name))
