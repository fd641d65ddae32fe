"""deploy/Dockerfile, and what is in the image of a service."""

import re
import tomllib
from importlib.metadata import distribution
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tests.architecture.deployment.cluster import ROOT

IMAGE_ENVIRONMENT = {"python_version": "3.13", "python_full_version": "3.13.0"}


def dockerfile() -> str:
    return (ROOT / "deploy/Dockerfile").read_text()


def image_environment() -> dict[str, str]:
    """The settings that every container has from its image."""
    return dict(re.findall(r"(STITCH_[A-Z_]+)=(\S+)", dockerfile()))


def project(folder: str) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / folder / "pyproject.toml").read_text())["project"]
    return found


def closure(service: str) -> set[str]:
    """All distributions that an image installs, followed through the metadata of this .venv."""
    declared = [*project("libs/common")["dependencies"]]
    declared += project(f"services/{service}")["dependencies"]
    wanted = [Requirement(each) for each in declared if not each.startswith("stitch-")]
    seen: set[tuple[str, str]] = set()
    while wanted:
        requirement = wanted.pop()
        for extra in ["", *requirement.extras]:
            found = (canonicalize_name(requirement.name), extra)
            if found not in seen:
                seen.add(found)
                wanted += _required_by(requirement.name, extra)
    return {name for name, _ in seen}


def _required_by(name: str, extra: str) -> list[Requirement]:
    requirements = map(Requirement, distribution(name).requires or [])
    environment = {**IMAGE_ENVIRONMENT, "extra": extra}
    return [r for r in requirements if r.marker is None or r.marker.evaluate(environment)]
