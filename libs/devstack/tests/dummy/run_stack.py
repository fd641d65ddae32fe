"""python run_stack.py <home> <port base> <service>: the stack with one service."""

import asyncio
import sys
from pathlib import Path

from stitch_dev.cli import guarded, say
from stitch_dev.services import Service
from stitch_dev.settings import DevSettings, Home, Ports
from stitch_dev.stack import Stack


def main() -> None:
    home, port_base, name = sys.argv[1:]
    ports = Ports.of(DevSettings(port_base=int(port_base)))
    service = Service(name, 0, is_stored=False)
    asyncio.run(Stack(Home(Path(home)), ports, (service,), say).run())


if __name__ == "__main__":
    sys.exit(guarded(main))
