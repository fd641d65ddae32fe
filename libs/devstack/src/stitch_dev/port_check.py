"""Say before the start which port is taken."""

import asyncio
import time
from collections.abc import Mapping, Sequence

from stitch_dev.errors import StackError
from stitch_dev.ports import is_free
from stitch_dev.services import Service
from stitch_dev.settings import Ports

# What was killed a moment ago may still hold its port.
_PATIENCE = 2.0
_PAUSE = 0.05


async def check_ports(ports: Ports, services: Sequence[Service]) -> None:
    """Raise StackError that names a busy port and who needs it."""
    deadline = time.monotonic() + _PATIENCE
    for name, port in _wanted(ports, services).items():
        while not is_free(port):
            if time.monotonic() > deadline:
                raise StackError(
                    f"Port {port}, which {name} needs, is busy. Free it, or move the whole stack: "
                    "STITCH_DEV_PORT_BASE=20000 make run"
                )
            await asyncio.sleep(_PAUSE)


def _wanted(ports: Ports, services: Sequence[Service]) -> Mapping[str, int]:
    wanted = {
        "the mail catcher's page": ports.page,
        "the mail catcher": ports.smtp,
        "NATS": ports.nats,
        "PostgreSQL": ports.postgres,
    }
    for service in services:
        wanted[service.name] = ports.api(service.offset)
        wanted[f"{service.name} (health and metrics)"] = ports.ops(service.offset)
    return wanted
