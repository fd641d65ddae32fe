"""Make .venv what requirements.lock says; runs before anything is installed, so stdlib only.

uv does it in seconds. Where it can't be had, or does not know the registry that pip is told to
use, pip does it in minutes.
"""

# An older Python must get as far as the sentence that says so.
from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = VENV / "bin" / "uv"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "stitch-stamp"
OLDEST = (3, 11)

# Twice quiet: pip warns about every mirror that lacks a package.
PIP = [str(PYTHON), "-m", "pip", "-qq", "--disable-pip-version-check", "install"]
# Never another Python than the one that runs this.
UV_PIP = ["env", "UV_PYTHON_DOWNLOADS=never", str(UV), "pip"]
FOR_US = ["--quiet", "--python", str(PYTHON)]


class SetupError(Exception):
    """What is to be said to the person at the terminal."""


def members() -> list[Path]:
    found = [
        path.parent for kind in ("libs", "services") for path in ROOT.glob(f"{kind}/*/p*.toml")
    ]
    return sorted(found)


def digest(*files: Path) -> str:
    """Change when the files do, the interpreter, or the place."""
    found = hashlib.sha256(f"{sys.version_info[:2]} {ROOT}".encode())
    for path in files:
        found.update(path.read_bytes())
    return found.hexdigest()


def wanted() -> dict[str, str]:
    """Give what .venv should hold: the packages of the lock, and our own members."""
    return {
        "packages": digest(LOCK),
        "members": digest(*(member / "pyproject.toml" for member in members())),
    }


def present() -> dict[str, str]:
    is_there = PYTHON.exists() and STAMP.exists()
    return dict(json.loads(STAMP.read_text())) if is_there else {}


def run(*command: str | Path) -> None:
    # pip finds the members' build backend, uv-build, only on the path.
    path = f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}"  # noqa: TID251 - nothing is installed yet
    subprocess.run([*map(str, command)], check=True, cwd=ROOT, env={**os.environ, "PATH": path})  # noqa: TID251 - the same


def make_venv() -> None:
    if PYTHON.exists():
        if not (VENV / "bin" / "pip").exists():  # uv makes such ones
            run(PYTHON, "-m", "ensurepip")
        return
    try:
        run(sys.executable, "-m", "venv", VENV)
    except subprocess.CalledProcessError:
        raise SetupError(
            f"{sys.executable} can't make virtual environments; on Debian and Ubuntu, "
            "`apt install python3-venv` helps."
        ) from None


def locked(name: str) -> str:
    """Give the lines of the lock that pin one package, with its hashes."""
    lines = LOCK.read_text().splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"{name}=="))
    end = start
    while lines[end].endswith("\\"):
        end += 1
    return "\n".join(lines[start : end + 1])


def install_uv() -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as pinned:
        pinned.write(locked("uv") + "\n")
        pinned.flush()
        run(*PIP, "--require-hashes", "-r", pinned.name)


def install_packages() -> None:
    try:
        install_uv()
        run(*UV_PIP, "sync", *FOR_US, "--require-hashes", LOCK)
    except subprocess.CalledProcessError:
        print("uv could not install it (see above); trying again with pip.", flush=True)
        run(*PIP, "--require-hashes", "-r", LOCK)


def install_members() -> None:
    editable = [word for member in members() for word in ("-e", str(member))]
    options = ["--no-deps", "--no-build-isolation", *editable]
    try:
        run(*UV_PIP, "install", *FOR_US, *options)
    except subprocess.CalledProcessError:
        run(*PIP, *options)


def install(old: dict[str, str], new: dict[str, str]) -> None:
    """Make the packages what they should be, which removes the members; then these."""
    if old.get("packages") != new["packages"]:
        print("Installing what requirements.lock pins into .venv …", flush=True)
        STAMP.unlink(missing_ok=True)
        make_venv()
        install_packages()
    install_members()
    STAMP.write_text(json.dumps(new))


def main() -> int:
    if sys.version_info < OLDEST:
        print(f"Stitch needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}.")
        return 1
    old, new = present(), wanted()
    if old == new:
        return 0
    try:
        install(old, new)
    except (SetupError, subprocess.CalledProcessError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
