"""What docs/security.md promises has the proofs that it names."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"\| (S\d+) \| (.+) \| (.+) \|")
ROWS = [
    found.groups()
    for found in map(ROW.fullmatch, (ROOT / "docs/security.md").read_text().splitlines())
    if found
]
ALL = {f"S{number}" for number in range(1, 81)}


def test_every_behaviour_has_one_line() -> None:
    numbers = [number for number, _, _ in ROWS]

    assert len(numbers) == len(set(numbers))
    assert set(numbers) == ALL


@pytest.mark.parametrize(("number", "behaviour", "proofs"), ROWS, ids=[row[0] for row in ROWS])
def test_a_proof_is_where_it_is_said_to_be(number: str, behaviour: str, proofs: str) -> None:
    named = re.findall(r"`([^`]+)`", proofs)

    assert named, f"{number}: {behaviour}"
    for proof in named:
        path, _, test = proof.partition("::")
        file = ROOT / path
        assert file.exists(), proof
        assert not test or f"def {test}(" in file.read_text(), proof
