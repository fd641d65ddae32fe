"""How a service says what it reads from the bus, and what it does with it."""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from stitch_common.bus.inbox import Received
from stitch_common.contracts import Fact

F = TypeVar("F", bound=Fact)
Handler = Callable[[F, Received], Awaitable[None]]
BatchHandler = Callable[[list[tuple[Fact, Received]]], Awaitable[None]]

_NAME = re.compile(r"[a-z]+-[a-z][a-z-]*")


class MisnamedConsumerError(Exception):
    """A consumer is called `<service>-<use case>`, in lower case."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a handler may take, and how often and how soon a fact is tried again."""

    time_limit: timedelta = timedelta(minutes=5)
    tries: int = 20
    first_delay: timedelta = timedelta(seconds=1)
    """Each further delay is twice as long, up to a minute."""
    ack_wait: timedelta = timedelta(seconds=30)
    """How soon the broker gives the facts of a dead process to another one."""


class Consumer:
    """A durable consumer: each fact it reads is one call of one handler, several at a time.

    Facts about one aggregate are handled one after the other by a process, but two processes may
    overtake each other, and so may a fact that is tried again: compare `received.sequence`.
    A handler returns when its effect is committed, or raises: a StitchError of the kinds
    UNAVAILABLE and TIMEOUT and any unknown exception are tried again, other StitchErrors are
    final and the fact is parked.
    """

    def __init__(self, name: str, *, workers: int = 8, patience: Patience = Patience()) -> None:
        if not _NAME.fullmatch(name):
            raise MisnamedConsumerError(name)
        self.name = name
        self.window = workers
        self.patience = patience
        self.handlers: dict[type[Fact], Handler[Any]] = {}

    @property
    def facts(self) -> Sequence[type[Fact]]:
        return list(self.handlers)

    @property
    def ack_wait(self) -> timedelta:
        return self.patience.ack_wait

    def on(self, fact: type[F]) -> Callable[[Handler[F]], Handler[F]]:
        """Register the one handler for a fact."""

        def register(handler: Handler[F]) -> Handler[F]:
            self.handlers[fact] = handler
            return handler

        return register


class BatchConsumer(Consumer):
    """A durable consumer for projections: one call, and so one transaction, for many facts.

    They come in the order of the stream. When a batch fails, its facts are handled one by one.
    """

    def __init__(
        self,
        name: str,
        facts: Sequence[type[Fact]],
        handler: BatchHandler,
        *,
        size: int = 250,
        patience: Patience = Patience(),
    ) -> None:
        # One batch in hand, the next already here.
        super().__init__(name, workers=2 * size, patience=patience)
        self.size = size
        self.handle_batch = handler
        for fact in facts:
            self.handlers[fact] = self._handle_one

    async def _handle_one(self, fact: Fact, received: Received) -> None:
        await self.handle_batch([(fact, received)])
