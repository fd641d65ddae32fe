"""`make start`, `make stop`, `make reset` and the like, when something is not as expected."""

import subprocess
import sys
from pathlib import Path

import pytest


def stitch_dev(home: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "stitch_dev", *arguments],
        env={"STITCH_DEV_HOME": str(home), **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_stopping_what_does_not_run_is_no_error(tmp_path: Path) -> None:
    answer = stitch_dev(tmp_path, "stop")

    assert answer.returncode == 0
    assert "Stitch does not run." in answer.stdout


def test_resetting_nothing_deletes_nothing(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()

    answer = stitch_dev(tmp_path, "reset")

    assert answer.returncode == 0
    assert (tmp_path / "mine.txt").exists()


@pytest.mark.parametrize("command", [("status",), ("kill", "auth"), ("restart", "auth")])
def test_commands_for_a_running_stack_say_that_there_is_none(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    answer = stitch_dev(tmp_path, *command)

    assert answer.returncode == 1
    assert answer.stderr.count("\n") == 1
    assert "Traceback" not in answer.stderr


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    answer = stitch_dev(tmp_path, "run", STITCH_DEV_PORT_BASE="99999")

    assert answer.returncode == 2
    assert answer.stderr.startswith("STITCH_DEV_PORT_BASE: ")


def test_a_failed_start_shows_the_end_of_the_log(tmp_path: Path) -> None:
    answer = stitch_dev(tmp_path, "start", STITCH_DEV_SERVICES="mail")

    assert answer.returncode == 1
    assert "Stitch did not start." in answer.stderr
    assert "There is no service mail." in answer.stderr
