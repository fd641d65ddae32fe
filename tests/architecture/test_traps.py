"""Known traps of the bus stay known: docs/bus-traps.md names a test for each, which is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [path for path in ROOT.glob("*/*/**/*.py") if "tests" not in path.parts]
HERE = "libs/common/tests/bus"
ROWS = [
    line.split("|")[1:4]
    for line in (ROOT / "docs/bus-traps.md").read_text().splitlines()
    if line.startswith("| ") and not line.startswith(("| **", "| trap"))
]
GUARD = re.compile(r"`([\w/.]+\.py)::(\w+)`")
FUTURES = re.compile(r"\.publish_async\(")
NOTIFY = re.compile(r"pg_notify|[\"'\s]notify\s+\w+\s*[,;\"']", re.IGNORECASE)


def using(pattern: re.Pattern[str]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in SOURCES if pattern.search(path.read_text())]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].strip())
def test_a_trap_has_a_test_that_guards_it(row: list[str]) -> None:
    guards = GUARD.findall(row[2])

    assert guards
    for path, name in guards:
        file = ROOT / (path if "/" in path else f"{HERE}/{path}")
        assert re.search(rf"^(async )?def {name}\(", file.read_text(), re.MULTILINE), name


def test_nobody_publishes_with_futures_that_never_resolve() -> None:
    """nats-py 2.16: an error of the server never reaches them."""
    assert using(FUTURES) == []


def test_nobody_notifies_inside_a_transaction() -> None:
    """It takes one lock for the whole server: parallel commits fell from 3,000/s to 420/s."""
    assert using(NOTIFY) == []
