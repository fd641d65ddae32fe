#!/usr/bin/env python3
"""What the Dockerfile asks of pyproject.toml files and of requirements.lock."""

import sys
import tomllib
from pathlib import Path


def direct(projects: list[str]) -> list[str]:
    """The requirements of these projects, without other members of this repository."""
    declared: list[str] = []
    for project in projects:
        document = tomllib.loads((Path(project) / "pyproject.toml").read_text())
        declared += document["project"]["dependencies"]
    return sorted({each for each in declared if not each.startswith("stitch-")})


def strangers(installed: str, lock: str) -> list[str]:
    """What is installed but not in the lock, or in another version."""
    locked = {line.split()[0] for line in lock.splitlines() if "==" in line}
    return [line for line in installed.splitlines() if line not in locked]


def main(command: str, *paths: str) -> None:
    if command == "direct":
        sys.stdout.writelines(f"{requirement}\n" for requirement in direct([*paths]))
        return
    installed, lock = (Path(path).read_text() for path in paths)
    if unlocked := strangers(installed, lock):
        sys.exit(f"not in requirements.lock: {', '.join(unlocked)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
