"""A nats-server of a test's own: to be stopped, robbed, and let hang."""

import os
import signal
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from stitch_dev.nats import EmbeddedNats
from stitch_dev.ports import find_free


class OwnBroker(EmbeddedNats):
    """It keeps its port over a restart, so that clients find it again."""

    def hang(self) -> None:
        """Take what is sent, and answer nothing."""
        if self.pid:
            os.kill(self.pid, signal.SIGSTOP)
            # On a busy machine it goes on for a while.
            os.waitpid(self.pid, os.WUNTRACED)

    def go_on(self) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGCONT)


@contextmanager
def own_broker(folder: Path) -> Generator[OwnBroker]:
    broker = OwnBroker(folder, find_free(), fast=True)
    broker.start()
    try:
        yield broker
    finally:
        broker.go_on()
        broker.stop()
