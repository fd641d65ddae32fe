"""A batch is complete although some of its people were not invited, on a real broker."""

from collections.abc import AsyncGenerator
from uuid import UUID, uuid4

import pytest
from services.notifications.tests.factories import EVENT_ID, Nobody, published

from stitch_common.bus.consumer import Consumer
from stitch_common.contracts.events import InvitationsRefused
from stitch_common.contracts.notifications import Recipient
from stitch_common.database import Database
from stitch_common.testing.clock import NOW, SettableClock
from stitch_common.testing.traffic import Traffic
from stitch_notifications.audience.service import Audience, Introductions
from stitch_notifications.invitations.consumers import batches_consumer
from stitch_notifications.invitations.routes import _progress
from stitch_notifications.invitations.schemas import BatchView
from stitch_notifications.invitations.service import BatchService, Invitation, InvitationService


@pytest.fixture
async def live(fresh_dsn: str) -> AsyncGenerator[Database]:
    database = Database.connect(fresh_dsn, application_name="test", pool_size=4)
    async with database.transaction() as session:
        await Audience(session).learn_events([published()])
    yield database
    await database.dispose()


@pytest.fixture
def batches(live: Database) -> BatchService:
    return BatchService(live)


@pytest.fixture
def consumer(batches: BatchService) -> Consumer:
    return batches_consumer(batches)


@pytest.fixture
async def batch_id(live: Database, clock: SettableClock) -> UUID:
    """A batch of three people."""
    invitations = InvitationService(live, clock, Introductions(live, Nobody()))
    people = [Recipient(email=f"guest{n}@x.com", name="") for n in range(3)]
    wanted = Invitation(EVENT_ID, people, None, resend=False, requested_by=2)
    batch, _ = await invitations.request(wanted)
    return batch.id


def refused(batch_id: UUID, people: int, *, part: int = 0) -> InvitationsRefused:
    return InvitationsRefused(
        batch_id=str(batch_id),
        part=part,
        event_id=EVENT_ID,
        refused=people,
        reason="event-not-open",
        at=NOW,
    )


async def progress(batches: BatchService, batch_id: UUID) -> BatchView:
    return _progress(*await batches.get(batch_id))


async def test_a_batch_of_which_nobody_is_invited_is_complete(
    traffic: Traffic, consumer: Consumer, batches: BatchService, batch_id: UUID
) -> None:
    before = await progress(batches, batch_id)
    await traffic.publish(refused(batch_id, 1), refused(batch_id, 2, part=1))

    await traffic.handle_all(consumer)

    after = await progress(batches, batch_id)
    assert (before.waiting, before.is_complete) == (3, False)
    assert (after.refused, after.waiting, after.is_complete) == (3, 0, True)
    assert after.version > before.version


async def test_people_who_are_invited_are_still_waited_for(
    traffic: Traffic, consumer: Consumer, batches: BatchService, batch_id: UUID
) -> None:
    await traffic.publish(refused(batch_id, 1))

    await traffic.handle_all(consumer)

    view = await progress(batches, batch_id)
    assert (view.waiting, view.is_complete) == (2, False)


async def test_a_refusal_that_comes_twice_counts_once(
    traffic: Traffic, consumer: Consumer, batches: BatchService, batch_id: UUID
) -> None:
    await traffic.publish(refused(batch_id, 1))
    await traffic.handle_all(consumer)
    await traffic.bus.js.delete_consumer("STITCH", consumer.name)
    await traffic.handle_all(consumer)

    assert (await progress(batches, batch_id)).refused == 1


async def test_a_refusal_of_a_batch_that_is_not_known_changes_nothing(
    traffic: Traffic, consumer: Consumer, batches: BatchService, batch_id: UUID
) -> None:
    await traffic.publish(refused(uuid4(), 1))

    await traffic.handle_all(consumer)

    assert (await progress(batches, batch_id)).refused == 0
    assert await traffic.parked() == []
