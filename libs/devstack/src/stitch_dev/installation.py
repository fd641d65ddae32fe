"""Say in one sentence what is missing, before an import says it in thirty lines."""

import re
from collections.abc import Iterable

from stitch_dev.packages import installed
from stitch_dev.services import SERVICES

OURS = ("stitch-common", "stitch-dev", *(f"stitch-{service.name}" for service in SERVICES))
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def check_installation(members: Iterable[str] = OURS) -> None:
    """Raise StackError that names a package which our members need and .venv lacks."""
    for member in members:
        for requirement in installed(member).requires or []:
            found = _NAME.match(requirement)
            installed(found[0] if found else requirement)
