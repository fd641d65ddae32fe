"""A sender as a real process, killed in the middle of its work: nobody is left out or spammed."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from services.notifications.tests.factories import event_state, invited, published
from services.notifications.tests.sending.conftest import Post
from services.notifications.tests.smtp import Sink

from stitch_common.clock import utc_now
from stitch_common.contracts.notifications import EmailSent
from stitch_common.testing.clock import SettableClock
from stitch_common.testing.waiting import until
from stitch_dev.ports import find_free

MAILS = 200
CONNECTIONS = 4


@pytest.fixture
def clock() -> SettableClock:
    """The processes live in real time, so what is queued for them does too."""
    return SettableClock(utc_now())


@asynccontextmanager
async def worker_process(environment: dict[str, str]) -> AsyncGenerator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "stitch_notifications", "worker", env=environment, stderr=PIPE
    )
    # Read all the time, or a talkative process would stop at a full pipe.
    reading = asyncio.create_task(process.communicate())
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await reading


async def until_at_work(process: Process, is_so: Callable[[], bool]) -> None:
    def is_so_by_its_work() -> bool:
        assert process.returncode is None, "the worker has ended by itself"
        return is_so()

    await until(is_so_by_its_work)


async def kill_with_every_connection_busy(process: Process, sink: Sink, *, after: int) -> None:
    """The server has taken a mail from each connection, and nobody hears it say so."""
    sink.hold(after)
    await until_at_work(process, lambda: sink.held == CONNECTIONS)
    process.kill()
    await process.wait()
    await until(lambda: not sink.under_way)
    sink.go_on()


async def kill_at_some_moment(process: Process, sink: Sink, *, after: int) -> None:
    await until_at_work(process, lambda: len(sink.arrived) >= after)
    process.kill()


async def test_killed_twice_among_two_hundred_mails_everybody_has_exactly_one(
    post: Post, sink: Sink, fresh_dsn: str, nats_url: str
) -> None:
    soon = utc_now() + timedelta(days=30)
    event = event_state(start_date=soon, end_date=soon + timedelta(hours=2))
    guests = [invited(number, link_expires_at=soon) for number in range(1, MAILS + 1)]
    await post.queue(published(version=3, **event.model_dump()), *guests)
    sink.seconds = 0.01
    environment = {
        "STITCH_ENVIRONMENT": "test",
        "STITCH_DATABASE_URL": fresh_dsn,
        "STITCH_NATS_URL": nats_url,
        "STITCH_CURSOR_KEY": "c" * 40,
        "STITCH_LINK_KEYS": json.dumps(
            {
                purpose: {kid: key.get_secret_value() for kid, key in ring.items()}
                for purpose, ring in post.settings.link_keys.items()
            }
        ),
        "STITCH_SMTP_PORT": str(sink.port),
        "STITCH_OPS_PORT": str(find_free()),
        "STITCH_SENDER_CONNECTIONS": str(CONNECTIONS),
        "STITCH_SENDER_LEASE": "PT3S",
    }

    async with worker_process(environment) as process:
        await kill_with_every_connection_busy(process, sink, after=MAILS // 3)
    async with worker_process(environment) as process:
        await kill_at_some_moment(process, sink, after=2 * MAILS // 3)
    async with worker_process(environment):
        await post.until_all("sent")

    message_ids = defaultdict(set)
    for mail in sink.arrived:
        message_ids[mail.recipient].add(mail.message_id)
    assert message_ids.keys() == {guest.rsvp.email for guest in guests}
    assert {len(ids) for ids in message_ids.values()} == {1}
    facts = Counter(type(fact) for fact in await post.facts())
    assert len(set.union(*message_ids.values())) == facts[EmailSent] == MAILS
    repeats = len(sink.arrived) - MAILS
    assert CONNECTIONS <= sink.unheard <= repeats <= 2 * CONNECTIONS
