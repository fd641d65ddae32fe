"""What import-linter has no words for: how slices reach each other, and what contracts may know."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ("auth", "content", "events", "notifications", "ai", "gateway")
WAYS_IN = {"service", "models"}


def imports(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def slices(service: str) -> list[Path]:
    package = ROOT / "services" / service / "src" / f"stitch_{service}"
    return sorted(p.parent for p in package.glob("*/__init__.py"))


@pytest.mark.parametrize("service", [s for s in SERVICES if s != "gateway"])
def test_slices_reach_each_other_only_through_service_or_models(service: str) -> None:
    names = {folder.name for folder in slices(service)}
    trespasses = []
    for folder in slices(service):
        for module in folder.glob("*.py"):
            for name in imports(module):
                parts = name.split(".")
                if len(parts) < 3 or parts[0] != f"stitch_{service}" or parts[1] not in names:
                    continue
                if parts[1] != folder.name and parts[2] not in WAYS_IN:
                    trespasses.append(f"{module.relative_to(ROOT)} → {name}")

    assert trespasses == []


def test_contracts_know_only_pydantic_and_the_standard_library() -> None:
    allowed = {*sys.stdlib_module_names, "pydantic", "stitch_common"}
    contracts = ROOT / "libs/common/src/stitch_common/contracts"
    strangers = {
        name
        for module in contracts.rglob("*.py")
        for name in imports(module)
        if name.split(".")[0] not in allowed
        or (name.startswith("stitch_common.") and not name.startswith("stitch_common.contracts"))
    }

    assert strangers == set()


def test_every_slice_is_under_the_rule_of_layers() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layered = next(c for c in config["contracts"] if c["type"] == "layers")
    actual = {
        f"stitch_{service}.{folder.name}"
        for service in SERVICES
        if service != "gateway"
        for folder in slices(service)
    }

    assert set(layered["containers"]) == actual
