"""A sender on a database with real commits, and a mail server to send to."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from services.notifications.tests.factories import published, received
from services.notifications.tests.smtp import Sink, mail_server
from sqlalchemy import text

from stitch_common.contracts import Fact, fact_for_subject
from stitch_common.database import Database
from stitch_common.testing.clock import SettableClock
from stitch_common.testing.services import runtime_for
from stitch_common.testing.tokens import Issuer
from stitch_common.testing.waiting import until
from stitch_notifications.deliveries.service import DeliveryService
from stitch_notifications.sending.service import Wake
from stitch_notifications.settings import NotificationsSettings
from stitch_notifications.worker import create_sender


@pytest.fixture
async def sink() -> AsyncGenerator[Sink]:
    async with mail_server(Sink()) as sink:
        yield sink


@pytest.fixture
async def live(fresh_dsn: str) -> AsyncGenerator[Database]:
    database = Database.connect(fresh_dsn, application_name="test", pool_size=6)
    yield database
    await database.dispose()


class Post:
    """The mails of a test: queued by facts, sent by a sender, looked at in the database."""

    def __init__(
        self,
        database: Database,
        settings: NotificationsSettings,
        clock: SettableClock,
        issuer: Issuer,
    ) -> None:
        self.database = database
        self.settings = settings
        self.clock = clock
        self._issuer = issuer
        self.deliveries = DeliveryService(
            database, clock, give_up_after=settings.give_up_after, on_queued=lambda: None
        )

    async def queue(self, *facts: Fact, traceparent: str | None = None) -> None:
        await self.deliveries.take(
            [(fact, received(fact, traceparent=traceparent)) for fact in [published(), *facts]]
        )

    @asynccontextmanager
    async def sending(self, **changes: Any) -> AsyncGenerator[None]:
        """Run a sender meanwhile."""
        settings = self.settings.model_copy(update=changes)
        async with runtime_for(
            "notifications",
            settings,
            database=self.database,
            clock=self.clock,
            issuer=self._issuer,
        ) as runtime:
            stop = asyncio.Event()
            running = asyncio.create_task(create_sender(runtime, Wake()).run(stop))
            try:
                yield
            finally:
                stop.set()
                await running

    async def rows(self, columns: str = "*") -> Sequence[Any]:
        query = f"select {columns} from notifications.deliveries order by id"  # noqa: S608 - ours
        async with self.database.transaction() as session:
            return (await session.execute(text(query))).all()

    async def statuses(self) -> list[str]:
        return [row.status for row in await self.rows("status")]

    async def until(self, is_so: Callable[[list[str]], bool]) -> None:
        async def are_so() -> bool:
            return is_so(await self.statuses())

        await until(are_so)

    async def until_all(self, *statuses: str) -> None:
        await self.until(lambda found: set(found) == set(statuses))

    async def until_tried(self, attempts: int, status: str) -> None:
        async def is_tried() -> bool:
            return [*await self.rows("attempts, status")] == [(attempts, status)]

        await until(is_tried)

    async def facts(self) -> list[Fact]:
        query = "select subject, payload from notifications.outbox order by id"
        async with self.database.transaction() as session:
            rows = (await session.execute(text(query))).all()
        return [fact_for_subject(row.subject).model_validate_json(row.payload) for row in rows]


Sending = Callable[..., AbstractAsyncContextManager[None]]


@pytest.fixture
def post(
    live: Database,
    settings: NotificationsSettings,
    clock: SettableClock,
    issuer: Issuer,
    sink: Sink,
) -> Post:
    quick = {
        "smtp_port": sink.port,
        "sender_poll": settings.sender_poll / 50,
        "sender_lease": settings.sender_lease / 20,
    }
    return Post(live, settings.model_copy(update=quick), clock, issuer)
