"""The kustomizations are what Kustomize understands, and what our tests take them for."""

import re
import shutil
import subprocess

import pytest
import yaml
from tests.architecture.deployment.cluster import OVERLAYS, ROOT, overlay
from tests.architecture.deployment.kustomize import Manifest

HASH = re.compile(r"(-config|-settings)-[a-z0-9]{10}\b")
KUBECTL = shutil.which("kubectl")


def by_name(manifests: list[Manifest]) -> dict[tuple[str, str], Manifest]:
    return {(m["kind"], m["metadata"]["name"]): m for m in manifests}


@pytest.mark.skipif(not KUBECTL, reason="kubectl is not on this machine")
@pytest.mark.parametrize("name", ["dev", "prod"])
def test_kustomize_makes_of_an_overlay_what_these_tests_look_at(name: str) -> None:
    made = subprocess.run(
        [str(KUBECTL), "kustomize", str(OVERLAYS / name)],
        capture_output=True,
        text=True,
        check=True,
    )

    theirs = list(yaml.safe_load_all(HASH.sub(r"\1", made.stdout)))

    assert by_name(theirs) == by_name(overlay(name).manifests)


def test_every_file_of_the_manifests_is_in_use() -> None:
    folders = [p.parent for p in (ROOT / "deploy/k8s").rglob("kustomization.yaml")]

    idle = [
        str(file.relative_to(ROOT))
        for folder in folders
        for file in folder.glob("*.yaml")
        if file.name != "kustomization.yaml"
        and f"- {file.name}" not in (folder / "kustomization.yaml").read_text()
    ]

    assert idle == []


def test_every_component_is_in_some_overlay() -> None:
    texts = "".join((folder / "kustomization.yaml").read_text() for folder in OVERLAYS.iterdir())

    idle = [
        folder.name
        for folder in (ROOT / "deploy/k8s/components").iterdir()
        if f"- ../../components/{folder.name}\n" not in texts
    ]

    assert idle == []
