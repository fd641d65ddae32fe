"""Where things are: a newcomer guesses right."""

import ast
import io
import re
import tokenize
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ("auth", "content", "events", "notifications", "ai", "gateway")
STORED_SERVICES = tuple(name for name in SERVICES if name != "gateway")
SOURCES = list(ROOT.glob("*/*/src/**/*.py"))
SLICE_MODULES = {
    "__init__", "routes", "consumers", "service", "repository", "adapters", "schemas", "models",
    "rules", "errors",
}  # fmt: skip
SERVICE_MODULES = {"__init__", "__main__", "settings", "api", "worker", "db"}
BANNED_NAMES = re.compile(r"(^|_)(utils?|helpers?|managers?|misc|common)(_|$)")
MAX_COMMON_LINES = {"bus": 2200, "http": 1500, "the rest": 1750}
"""In each of the shared library's rooms; ADR 4."""
SILENT_TOKENS = {
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
    tokenize.ENDMARKER,
}  # fmt: skip
MAX_FILE_LINES = 300


def slices(service: str) -> list[Path]:
    package = ROOT / "services" / service / "src" / f"stitch_{service}"
    return sorted(p.parent for p in package.glob("*/__init__.py"))


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_its_readme_its_project_and_its_composition(service: str) -> None:
    folder = ROOT / "services" / service
    package = folder / "src" / f"stitch_{service}"

    expected = [folder / "README.md", folder / "pyproject.toml"]
    expected += [package / f"{name}.py" for name in ("__init__", "__main__", "settings", "api")]

    assert [p for p in expected if not p.exists()] == []


@pytest.mark.parametrize("service", STORED_SERVICES)
def test_a_service_with_a_schema_has_migrations(service: str) -> None:
    folder = ROOT / "services" / service

    assert (folder / "alembic.ini").exists()
    assert list((folder / "migrations" / "versions").glob("0001_*.py"))


@pytest.mark.parametrize("service", STORED_SERVICES)
def test_a_slice_holds_only_modules_whose_job_is_known(service: str) -> None:
    strangers = [
        str(module.relative_to(ROOT))
        for folder in slices(service)
        for module in folder.glob("*.py")
        if module.stem not in SLICE_MODULES
    ]

    assert strangers == []


@pytest.mark.parametrize("service", STORED_SERVICES)
def test_a_service_has_only_its_composition_beside_its_slices(service: str) -> None:
    package = ROOT / "services" / service / "src" / f"stitch_{service}"

    assert {p.stem for p in package.glob("*.py")} <= SERVICE_MODULES


def test_no_room_is_called_after_what_does_not_fit_elsewhere() -> None:
    assert [str(p) for p in SOURCES if BANNED_NAMES.search(p.stem)] == []


def lines_of_code(module: Path) -> int:
    """Lines that Python executes: no blanks, comments or docstrings."""
    source = module.read_text()
    documented: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            documented.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    spoken: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in SILENT_TOKENS:
            spoken.update(range(token.start[0], token.end[0] + 1))
    return len(spoken - documented)


@pytest.mark.parametrize("room", MAX_COMMON_LINES)
def test_the_shared_library_stays_small(room: str) -> None:
    package = ROOT / "libs/common/src/stitch_common"
    counted: Counter[str] = Counter()
    for module in package.rglob("*.py"):
        folder = module.relative_to(package).parts[0]
        if folder not in {"contracts", "testing"}:
            counted[folder if folder in MAX_COMMON_LINES else "the rest"] += lines_of_code(module)

    assert counted[room] <= MAX_COMMON_LINES[room]


def test_no_file_has_become_a_house_of_its_own() -> None:
    long = {str(p.relative_to(ROOT)): len(p.read_text().splitlines()) for p in SOURCES}

    assert {name: lines for name, lines in long.items() if lines > MAX_FILE_LINES} == {}


def test_only_the_database_module_commits() -> None:
    committing = re.compile(r"\.commit\(\)")
    allowed = {"database.py", "migrations.py"}

    found = [p for p in SOURCES if committing.search(p.read_text()) and p.name not in allowed]

    assert found == []


def test_nothing_of_one_machine_and_no_registry_is_in_the_repository() -> None:
    lock = (ROOT / "requirements.lock").read_text()

    assert "://" not in lock
    assert "stitch-" not in lock
    assert not (ROOT / "uv.lock").exists()
