"""`make setup`: installs once, from the lock, and only when something changed."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from stitch_dev import environment

Script = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Give a repository with nothing but the lock and one member."""
    source = Path(environment.__file__)
    script = tmp_path / source.relative_to(environment.ROOT)
    script.parent.mkdir(parents=True)
    shutil.copy(source, script)
    (tmp_path / "requirements.lock").write_text("uv==1.0 \\\n    --hash=sha256:00\nx==2\n")
    (tmp_path / "libs/devstack/pyproject.toml").write_text("[project]\n")
    return tmp_path


def run(copy: Path) -> subprocess.CompletedProcess[str]:
    script = copy / Path(environment.__file__).relative_to(environment.ROOT)
    return subprocess.run(
        [sys.executable, "-I", script], capture_output=True, text=True, check=False, timeout=60
    )


def stamped(copy: Path) -> None:
    """Pretend that everything was installed for what is there now."""
    code = (
        "import sys, runpy; found = runpy.run_path(sys.argv[1]); "
        "found['PYTHON'].parent.mkdir(parents=True, exist_ok=True); found['PYTHON'].touch(); "
        "import json; found['STAMP'].write_text(json.dumps(found['wanted']()))"
    )
    script = copy / Path(environment.__file__).relative_to(environment.ROOT)
    subprocess.run([sys.executable, "-I", "-c", code, script], check=True, timeout=60)


def test_nothing_happens_when_nothing_changed(copy: Path) -> None:
    stamped(copy)

    answer = run(copy)

    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")


def test_a_changed_lock_installs_everything_again(copy: Path) -> None:
    stamped(copy)
    with (copy / "requirements.lock").open("a") as file:
        file.write("# changed\n")

    answer = run(copy)

    # There is no pip in this pretended .venv, so it fails, and says so in words.
    assert "Installing what requirements.lock pins" in answer.stdout
    assert answer.returncode == 1
    assert "Traceback" not in answer.stderr
    assert not (copy / ".venv" / "stitch-stamp").exists()


def test_a_changed_member_is_installed_again_without_the_rest(copy: Path) -> None:
    stamped(copy)
    with (copy / "libs/devstack/pyproject.toml").open("a") as file:
        file.write("# changed\n")

    answer = run(copy)

    assert answer.stdout == ""
    assert answer.returncode == 1
    assert "Traceback" not in answer.stderr


def test_uv_is_installed_in_the_version_of_the_lock_with_its_hashes() -> None:
    lines = environment.locked("uv").splitlines()

    assert lines[0].startswith("uv==")
    assert all(line.strip().startswith("--hash=sha256:") for line in lines[1:])
    assert not lines[-1].endswith("\\")


def test_every_member_is_found() -> None:
    names = {member.name for member in environment.members()}

    assert names >= {"common", "devstack", "auth", "content", "events", "notifications", "gateway"}
