"""Where files go that a server without root's rights must reach."""

import os
import shutil
import stat
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from stitch_dev.daemon import Account
from stitch_dev.errors import StackError

_SHARED = Path("/var/tmp")  # noqa: S108 - the folder in it is checked below
_ORIGIN = "origin"


def reachable(path: Path, account: Account | None) -> bool:
    """Whether the account may pass every folder above the path; without one we are ourselves."""
    if account is None:
        return True
    return all(_lets_pass(folder, account) for folder in path.resolve().parents)


def _lets_pass(folder: Path, account: Account) -> bool:
    status = folder.stat()
    needed = stat.S_IXUSR if status.st_uid == account.uid else stat.S_IXOTH
    return bool(status.st_mode & needed)


def public_home() -> Path:
    """Give a folder of ours that everybody may pass, for what else lies in a private home."""
    folder = _SHARED / f"stitch-{os.getuid()}"
    folder.mkdir(mode=0o711, exist_ok=True)
    status = folder.lstat()
    # Everybody may create this name first, and would then own what we run from it.
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o022:
        raise StackError(f"{folder} must be a folder that only you can write; remove it.")
    folder.chmod(0o711)
    return folder


def reachable_folder(wanted: Path, account: Account | None) -> Path:
    """Give the wanted folder, or its substitute where the account can't get there."""
    wanted.mkdir(parents=True, exist_ok=True, mode=0o755)
    if reachable(wanted / "x", account):
        return wanted
    home = public_home()
    _forget_orphans(home)
    substitute = home / sha256(str(wanted.resolve()).encode()).hexdigest()[:16]
    substitute.mkdir(exist_ok=True, mode=0o755)
    (substitute / _ORIGIN).write_text(str(wanted.resolve()))
    return substitute


def _forget_orphans(home: Path) -> None:
    """Delete the substitutes of folders that are gone, or tests would fill the disk."""
    for origin in home.glob(f"*/{_ORIGIN}"):
        # Another process may be deleting the same ones.
        with suppress(FileNotFoundError):
            if not Path(origin.read_text()).exists():
                shutil.rmtree(origin.parent, ignore_errors=True)
