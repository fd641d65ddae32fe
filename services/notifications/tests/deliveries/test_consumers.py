"""The consumers on the real broker: handled, repeated, reordered, waiting, refused."""

from collections.abc import AsyncGenerator, Callable
from uuid import uuid4

import pytest
from services.notifications.tests.deliveries.conftest import mails
from services.notifications.tests.factories import (
    answered,
    cancelled,
    invited,
    published,
    verification_requested,
)

from stitch_common.bus.consumer import Consumer
from stitch_common.database import Database
from stitch_common.testing.traffic import Traffic
from stitch_notifications.deliveries.consumers import create_consumers
from stitch_notifications.deliveries.service import DeliveryService


@pytest.fixture
async def live(fresh_dsn: str) -> AsyncGenerator[Database]:
    database = Database.connect(fresh_dsn, application_name="test", pool_size=4)
    yield database
    await database.dispose()


@pytest.fixture
def consumers(
    live: Database, make_service: Callable[[Database], DeliveryService]
) -> list[Consumer]:
    return list(create_consumers(make_service(live)))


async def handle_all(traffic: Traffic, consumers: list[Consumer]) -> None:
    async with traffic.consuming(*consumers):
        for consumer in consumers:
            await traffic.settled(consumer)


async def test_facts_from_the_stream_become_mails(
    traffic: Traffic, consumers: list[Consumer], live: Database
) -> None:
    await traffic.publish(
        published(), invited(1), invited(2), answered(1), verification_requested()
    )

    await handle_all(traffic, consumers)

    kinds = sorted(mail.kind for mail in await mails(live))
    assert kinds == ["confirmation", "invitation", "invitation", "verification"]
    assert await traffic.parked() == []


async def test_a_fact_that_comes_twice_makes_one_mail(
    traffic: Traffic, consumers: list[Consumer], live: Database
) -> None:
    await traffic.publish(published())
    twice = uuid4()
    fact = invited(1)
    await traffic.publish(fact, fact_id=twice)
    await handle_all(traffic, consumers)

    await traffic.publish(fact.model_copy(update={"invitation": 2}), fact_id=twice)
    await handle_all(traffic, consumers)

    assert len(await mails(live)) == 1


async def test_an_invitation_that_comes_before_its_event_is_not_lost(
    traffic: Traffic, consumers: list[Consumer], live: Database
) -> None:
    await traffic.publish(invited(1))
    async with traffic.consuming(*consumers):
        await traffic.publish(published())
        for consumer in consumers:
            await traffic.settled(consumer)

    assert [mail.kind for mail in await mails(live)] == ["invitation"]


async def test_a_late_answer_does_not_bring_an_old_one_back(
    traffic: Traffic, consumers: list[Consumer], live: Database
) -> None:
    await traffic.publish(
        published(),
        answered(1, version=3, status="declined", by_guest=False),
        answered(1, version=2, status="accepted", by_guest=False),
        cancelled(),
    )

    await handle_all(traffic, consumers)

    assert await mails(live) == []
