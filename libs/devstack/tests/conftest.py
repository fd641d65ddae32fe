"""Folders that the embedded servers can live in."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def public_folder() -> Iterator[Path]:
    """Give a folder that everybody may pass, unlike tmp_path."""
    path = Path(tempfile.mkdtemp(prefix="stitch-dev-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def folder() -> Iterator[Path]:
    with public_folder() as path:
        yield path


@pytest.fixture(scope="module")
def shared_folder() -> Iterator[Path]:
    with public_folder() as path:
        yield path
