"""What belongs to the work in hand: the request's id, and what its transaction must also do."""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar

from sqlalchemy.ext.asyncio import AsyncSession

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

BeforeCommit = Callable[[AsyncSession], Awaitable[None]]

before_commit: ContextVar[BeforeCommit | None] = ContextVar("before_commit", default=None)
"""Runs in the transaction of the use case; the idempotency key is settled with it."""
