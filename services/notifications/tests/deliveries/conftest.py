"""The delivery service on a database of the test's own."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import text

from stitch_common.database import Database
from stitch_common.testing.clock import SettableClock
from stitch_notifications.deliveries.service import DeliveryService
from stitch_notifications.settings import NotificationsSettings


class Woken:
    """Counts how often the sender was woken."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


@pytest.fixture
def woken() -> Woken:
    return Woken()


@pytest.fixture
def make_service(
    clock: SettableClock, settings: NotificationsSettings, woken: Woken
) -> Callable[[Database], DeliveryService]:
    def make(database: Database) -> DeliveryService:
        return DeliveryService(
            database, clock, give_up_after=settings.give_up_after, on_queued=woken
        )

    return make


async def mails(database: Database) -> Sequence[Any]:
    query = "select * from notifications.deliveries order by id"
    async with database.transaction() as session:
        return (await session.execute(text(query))).all()


async def queued_facts(database: Database) -> int:
    query = "select count(*) from notifications.outbox where subject like '%email.queued%'"
    async with database.transaction() as session:
        return int((await session.execute(text(query))).scalar_one())
