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
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self.pid:
            os.kill(self.pid, number)


@contextmanager
def own_broker(folder: Path) -> Generator[OwnBroker]:
    broker = OwnBroker(folder, find_free(), fast=True)
    broker.start()
    try:
        yield broker
    finally:
        broker.go_on()
        broker.stop()
