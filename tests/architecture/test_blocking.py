"""Nothing takes a thread by accident: FastAPI gives one to each plain function it calls."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = [*ROOT.glob("services/*/src/stitch_*"), ROOT / "libs/common/src/stitch_common"]


@cache
def modules(package: Path) -> list[ast.Module]:
    return [ast.parse(path.read_text()) for path in package.rglob("*.py")]


def dependencies(module: ast.Module) -> Iterator[str]:
    """The names in `Depends(name)`."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Depends":
            yield from (each.id for each in node.args if isinstance(each, ast.Name))


def is_route(function: ast.FunctionDef) -> bool:
    decorators = (ast.unparse(decorator) for decorator in function.decorator_list)
    return any(decorator.startswith("router.") for decorator in decorators)


def plain_functions(package: Path) -> Iterator[ast.FunctionDef]:
    for module in modules(package):
        yield from (node for node in module.body if isinstance(node, ast.FunctionDef))


ASKED_FOR = {
    name for package in PACKAGES for module in modules(package) for name in dependencies(module)
}


def test_there_are_dependencies_to_check() -> None:
    assert {"current_caller", "known_query_only"} <= ASKED_FOR


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_routes_and_what_they_depend_on_run_on_the_event_loop(package: Path) -> None:
    """A thread each costs more than most routes do, and a burst of requests has to queue for it."""
    threaded = [
        function.name
        for function in plain_functions(package)
        if function.name in ASKED_FOR or is_route(function)
    ]

    assert threaded == []
