"""A missing package is said in one sentence."""

import sys
from pathlib import Path

import pytest

from stitch_dev.errors import StackError
from stitch_dev.installation import check_installation


def test_what_is_here_is_complete() -> None:
    check_installation()


def test_a_missing_package_is_named_with_what_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = tmp_path / "some_member-1.0.dist-info"
    member.mkdir()
    (member / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: some-member\nVersion: 1.0\n"
        "Requires-Dist: httpx\nRequires-Dist: not-installed>=2\n"
    )
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])

    with pytest.raises(StackError, match="package not-installed is missing: delete"):
        check_installation(["some-member"])
