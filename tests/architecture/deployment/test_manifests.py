"""Each manifest is one that Kubernetes takes, and everything it names is there."""

import re
import tomllib
from urllib.parse import urlsplit

import kubernetes_validate
import pytest
from tests.architecture.deployment.cluster import ROOT, Cluster
from tests.architecture.deployment.kustomize import Manifest

from stitch_gateway.routing.table import ROUTES

VERSION = "1.35"
CUSTOM = {"Cluster", "Gateway", "HTTPRoute"}
"""Their operators bring the schemas; ours are checked by the rules below alone."""
UPSTREAMS = {f"STITCH_{name}_URL" for name in ("AUTH", "CONTENT", "EVENTS", "NOTIFICATIONS", "AI")}
REFERENCE = re.compile(r"\$\(([A-Z_]+)\)")


def name_of(manifest: Manifest) -> str:
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def test_every_manifest_fits_the_schema(cluster: Cluster) -> None:
    wrong = {}
    for manifest in cluster.manifests:
        try:
            kubernetes_validate.validate(manifest, VERSION, strict=True)
        except kubernetes_validate.SchemaNotFoundError:
            assert manifest["kind"] in CUSTOM, name_of(manifest)
        except kubernetes_validate.ValidationError as error:
            wrong[name_of(manifest)] = error.message

    assert wrong == {}


def test_no_two_manifests_have_one_name(cluster: Cluster) -> None:
    names = [name_of(manifest) for manifest in cluster.manifests]

    assert sorted(names) == sorted(set(names))


def test_everything_is_in_the_namespace(cluster: Cluster) -> None:
    others = [m for m in cluster.manifests if m["kind"] != "Namespace"]

    assert cluster.names("Namespace") == {"stitch"}
    assert {m["metadata"]["namespace"] for m in others} == {"stitch"}


def test_a_workload_selects_its_own_pods_only(cluster: Cluster) -> None:
    for workload in cluster.of_kind("Deployment", "StatefulSet"):
        selected = cluster.selected(workload["spec"]["selector"])

        assert [pod.name for pod in selected] == [workload["metadata"]["name"]]


def test_a_service_leads_to_a_port_of_its_pods(cluster: Cluster) -> None:
    for service in cluster.of_kind("Service"):
        pods = cluster.selected({"matchLabels": service["spec"]["selector"]})

        assert len(pods) == 1, name_of(service)
        for port in service["spec"]["ports"]:
            assert pods[0].ports[port["targetPort"]] == port["port"], name_of(service)


def test_the_gateway_sees_every_pod_that_it_chooses_among(cluster: Cluster) -> None:
    """A headless Service's name stands for the pods, another's for a connection to one of them."""
    headless = {
        service["metadata"]["name"]
        for service in cluster.of_kind("Service")
        if service["spec"].get("clusterIP") == "None"
    }
    (pod,) = (
        deployment["spec"]["template"]["spec"]
        for deployment in cluster.of_kind("Deployment")
        if deployment["metadata"]["name"] == "gateway-api"
    )
    (container,) = pod["containers"]
    urls = [each["value"] for each in container["env"] if each["name"] in UPSTREAMS]

    assert len(urls) == len(UPSTREAMS)
    assert {urlsplit(url).hostname for url in urls} <= headless
    assert "gateway-api" not in headless


def test_what_is_spread_and_disrupted_and_scaled_is_there(cluster: Cluster) -> None:
    for budget in cluster.of_kind("PodDisruptionBudget"):
        selected = cluster.selected(budget["spec"]["selector"])

        assert [pod.name for pod in selected] == [budget["metadata"]["name"]]
    for scaler in cluster.of_kind("HorizontalPodAutoscaler"):
        target = scaler["spec"]["scaleTargetRef"]

        assert target["name"] in cluster.names(target["kind"])
        assert "replicas" not in cluster.find(target["kind"], target["name"])["spec"]
    for pod in cluster.pods:
        for constraint in pod.spec.get("topologySpreadConstraints", []):
            assert cluster.selected(constraint["labelSelector"]) == [pod]


def test_every_process_of_ours_scales_and_survives_a_drained_node(cluster: Cluster) -> None:
    processes = {pod.name for pod in cluster.pods if pod.is_ours and pod.kind == "Deployment"}

    assert processes <= cluster.names("PodDisruptionBudget")
    assert processes <= cluster.names("HorizontalPodAutoscaler")


def test_a_pod_finds_its_account_and_its_configuration(cluster: Cluster) -> None:
    for pod in cluster.pods:
        assert pod.spec["serviceAccountName"] in cluster.names("ServiceAccount")
        for volume in pod.spec.get("volumes", []):
            if "configMap" in volume:
                assert volume["configMap"]["name"] in cluster.names("ConfigMap")
        for container in pod.containers:
            for source in container.get("envFrom", []):
                assert source["configMapRef"]["name"] in cluster.names("ConfigMap")


def test_what_is_mounted_is_a_volume(cluster: Cluster) -> None:
    for pod in cluster.pods:
        volumes = {volume["name"]: volume for volume in pod.spec.get("volumes", [])}
        claims = cluster.find(pod.kind, pod.name)["spec"].get("volumeClaimTemplates", [])
        names = {*volumes, *(claim["metadata"]["name"] for claim in claims)}
        for mount in (m for c in pod.containers for m in c.get("volumeMounts", [])):
            assert mount["name"] in names, pod
            if "subPath" in mount:
                source = cluster.find("ConfigMap", volumes[mount["name"]]["configMap"]["name"])
                assert mount["subPath"] in source["data"], pod


def test_a_configuration_file_that_a_container_is_told_to_read_is_mounted(
    cluster: Cluster,
) -> None:
    for pod in cluster.pods:
        for container in pod.containers:
            for argument in container.get("args", []):
                if found := re.search(r"--config(?:\.file)?=(/.+)/(.+)", argument):
                    mounts = {m["mountPath"]: m["name"] for m in container["volumeMounts"]}
                    volumes = {v["name"]: v for v in pod.spec["volumes"]}
                    source = volumes[mounts[found[1]]]["configMap"]["name"]
                    assert found[2] in cluster.find("ConfigMap", source)["data"], pod


def test_a_variable_refers_only_to_variables_before_it(cluster: Cluster) -> None:
    for pod in cluster.pods:
        for container in pod.containers:
            known: set[str] = set()
            for variable in container.get("env", []):
                assert {*REFERENCE.findall(variable.get("value", ""))} <= known, pod
                known.add(variable["name"])


def test_the_release_names_all_images_and_jobs(cluster: Cluster) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    release = cluster.find("ConfigMap", "release")["data"]["version"]

    assert release == project["version"]
    for pod in cluster.pods:
        if pod.is_ours:
            service = pod.labels["app.kubernetes.io/name"]
            assert [c["image"] for c in pod.containers] == [f"stitch-{service}:{release}"]
        if pod.kind == "Job":
            assert pod.name.endswith(f"-migrate-{release}")


def test_the_ways_in_lead_to_the_gateway(cluster: Cluster) -> None:
    gateway = cluster.find("Service", "gateway-api")["spec"]["ports"][0]
    ways = cluster.of_kind("Ingress", "HTTPRoute")

    assert ways
    for way in ways:
        (rule,) = way["spec"]["rules"]
        if way["kind"] == "Ingress":
            (path,) = rule["http"]["paths"]
            service = path["backend"]["service"]
            assert (service["name"], service["port"]["name"]) == ("gateway-api", gateway["name"])
        else:
            (backend,) = rule["backendRefs"]
            assert (backend["name"], backend["port"]) == ("gateway-api", gateway["port"])
            assert {ref["name"] for ref in way["spec"]["parentRefs"]} <= cluster.names("Gateway")


def test_the_ways_in_leave_patience_to_the_gateway(cluster: Cluster) -> None:
    """Envoy ends every request after 15 s by default: imports, exports and what AI is asked."""
    longest = max(route.answers_within for route in ROUTES).total_seconds()

    for way in cluster.of_kind("Ingress", "HTTPRoute"):
        if way["kind"] == "Ingress":
            waits = way["metadata"]["annotations"]["nginx.ingress.kubernetes.io/proxy-read-timeout"]
            assert int(waits) > longest
        else:
            assert [rule["timeouts"] for rule in way["spec"]["rules"]] == [{"request": "0s"}]


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_every_process_of_ours_is_asked_how_it_is(cluster: Cluster, path: str) -> None:
    probe = {"/healthz": "livenessProbe", "/readyz": "readinessProbe"}[path]
    for pod in cluster.pods:
        if pod.is_ours and pod.kind == "Deployment":
            (container,) = pod.containers
            assert container[probe]["httpGet"] == {"path": path, "port": "ops"}
            assert pod.ports["ops"] == 9000


def test_every_probe_asks_at_a_port_of_its_container(cluster: Cluster) -> None:
    for pod in cluster.pods:
        for container in pod.containers:
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                if probe in container:
                    assert container[probe]["httpGet"]["port"] in pod.ports, pod
