"""The configurations of NATS are ones that NATS takes."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.architecture.deployment.cluster import ROOT

NATS_SERVER = Path(sys.executable).with_name("nats-server")


@pytest.mark.parametrize("name", ["nats.conf", "cluster.conf"])
def test_nats_takes_the_configuration(name: str, tmp_path: Path) -> None:
    folder = shutil.copytree(ROOT / "deploy/nats", tmp_path / "nats")

    checked = subprocess.run(
        [NATS_SERVER, "-t", "-c", folder / name],
        env={"NATS_PASSWORD": "secret", "POD_NAME": "nats-0"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "is valid" in checked.stderr
    assert "sync_interval: always" in (folder / "common.conf").read_text()
