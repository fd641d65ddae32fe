"""What deploy/make_secrets.py makes; it is a script, so it has to be loaded by its path."""

from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from typing import Any

from tests.architecture.deployment.cluster import ROOT


@cache
def make_secrets() -> Any:
    spec = spec_from_file_location("make_secrets", ROOT / "deploy/make_secrets.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def fresh_env() -> dict[str, str]:
    """The values of a .env that was just made."""
    module = make_secrets()
    values: dict[str, str] = module.read(module.filled(module.EXAMPLE.read_text(), {}))
    return values


@cache
def kubernetes_secrets() -> dict[str, dict[str, str]]:
    items = make_secrets().kubernetes(fresh_env())["items"]
    return {item["metadata"]["name"]: item["stringData"] for item in items}
