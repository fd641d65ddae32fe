"""The two real servers of the stack, kept running like the programs."""

import asyncio
from collections.abc import Callable

from stitch_dev.concurrency import all_of
from stitch_dev.nats import EmbeddedNats
from stitch_dev.postgres import EmbeddedPostgres
from stitch_dev.settings import Home, Ports

_LOOK_EVERY = 0.5


class Servers:
    def __init__(self, home: Home, ports: Ports) -> None:
        self.postgres = EmbeddedPostgres(home.postgres, ports.postgres)
        self.nats = EmbeddedNats(home.nats, ports.nats)

    def start(self) -> None:
        # In the main thread: the kernel ends them with the thread that started them.
        self.postgres.start()
        self.nats.start()

    async def stop(self) -> None:
        """End both at once; a PostgreSQL that is too slow recovers at its next start."""
        await all_of(
            asyncio.to_thread(self.nats.stop), asyncio.to_thread(self.postgres.stop, patience=1)
        )

    async def watch(self, say: Callable[[str], None]) -> None:
        """Start again what has ended, for ever."""
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            for name, server in (("PostgreSQL", self.postgres), ("NATS", self.nats)):
                if server.pid is None:
                    say(f"{name} ended; it starts again now.")
                    server.stop()
                    server.start()
