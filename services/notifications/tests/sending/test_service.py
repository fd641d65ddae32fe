"""The sender against a real mail server and a real database."""

from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
from services.notifications.tests.factories import (
    EVENT_ID,
    invited,
    published,
    reset_requested,
    verification_requested,
)
from services.notifications.tests.sending.conftest import Post
from services.notifications.tests.smtp import Mischief, Sink, mail_server
from sqlalchemy import text

from stitch_common.contracts.events import EventCancelled
from stitch_common.contracts.notifications import (
    EmailDeferred,
    EmailFailed,
    EmailQueued,
    EmailSent,
)
from stitch_common.testing.clock import NOW
from stitch_notifications.claims.rules import RetryPolicy
from stitch_notifications.claims.service import ClaimService
from stitch_notifications.tracking.models import Suppression

GUEST = "guest1@example.com"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def test_a_due_mail_is_sent_and_recorded_with_the_words_of_the_server(
    post: Post, sink: Sink
) -> None:
    await post.queue(invited(1))

    async with post.sending():
        await post.until_all("sent")

    [mail] = sink.to(GUEST)
    [row] = await post.rows()
    assert mail.message["Subject"] == row.subject == "You are invited: Summer concert"
    assert (row.attempts, row.last_smtp_reply, row.sent_at) == (1, "250 Taken", NOW)
    queued, sent = await post.facts()
    assert isinstance(queued, EmailQueued)
    assert isinstance(sent, EmailSent)
    assert (queued.version, sent.version, sent.attempts) == (1, 2, 1)


async def test_a_mail_that_is_not_taken_now_is_tried_again_as_the_same_mail(
    post: Post, sink: Sink
) -> None:
    sink.script[GUEST] += ["451 Greylisted", Mischief.DROP_BEFORE_REPLY]
    await post.queue(invited(1))

    async with post.sending():
        for attempt in (1, 2):
            await post.until_tried(attempt, "deferred")
            post.clock.advance(timedelta(minutes=5))
        await post.until_all("sent")

    assert len(sink.to(GUEST)) == 2
    assert len({mail.message_id for mail in sink.to(GUEST)}) == 1
    assert (await post.rows())[0].attempts == 3
    deferred = [fact for fact in await post.facts() if isinstance(fact, EmailDeferred)]
    assert deferred[0].smtp_reply == "451 Greylisted"
    assert deferred[0].next_attempt_at > NOW


async def test_a_mail_that_is_refused_for_good_has_failed_at_once(post: Post, sink: Sink) -> None:
    sink.refuse_recipient[GUEST] = "550 5.1.1 No such user"
    await post.queue(invited(1), invited(2))

    async with post.sending():
        await post.until_all("failed", "sent")

    row = (await post.rows())[0]
    assert (row.status, row.attempts) == ("failed", 1)
    assert row.last_smtp_reply == "550 5.1.1 No such user"
    [failed] = [fact for fact in await post.facts() if isinstance(fact, EmailFailed)]
    assert failed.smtp_reply == "550 5.1.1 No such user"


async def test_a_mail_that_nobody_takes_for_three_days_has_failed(post: Post, sink: Sink) -> None:
    sink.script[GUEST] += ["450 Not now"] * 3
    await post.queue(invited(1))

    async with post.sending():
        await post.until_all("deferred")
        post.clock.advance(timedelta(hours=72))
        await post.until_all("failed")

    [row] = await post.rows()
    assert (row.last_smtp_reply, row.note) == ("450 Not now", "It could not be sent for too long.")


async def test_a_link_that_has_expired_meanwhile_is_not_sent(post: Post, sink: Sink) -> None:
    sink.script["old@example.com"] += ["450 Not now"] * 9
    await post.queue(reset_requested(), verification_requested())

    post.clock.advance(timedelta(minutes=29))
    async with post.sending():
        await post.until_all("deferred", "sent")
        post.clock.advance(timedelta(minutes=1))
        await post.until_all("failed", "sent")

    row = (await post.rows())[0]
    assert row.note == "Its link had expired before it could be sent."
    assert (row.attempts, row.last_smtp_reply) == (1, "450 Not now")
    [failed] = [fact for fact in await post.facts() if isinstance(fact, EmailFailed)]
    assert (failed.attempts, failed.smtp_reply) == (1, "450 Not now")
    assert [mail.recipient for mail in sink.arrived] == ["new@example.com"]


async def test_what_somebody_waits_for_overtakes_what_goes_to_many(post: Post, sink: Sink) -> None:
    await post.queue(*(invited(number) for number in range(1, 21)), verification_requested())

    async with post.sending(sender_connections=1):
        await post.until_all("sent")

    assert sink.arrived[0].recipient == "new@example.com"


async def test_an_invitation_to_a_cancelled_event_is_not_sent(post: Post, sink: Sink) -> None:
    event = published(status="cancelled").event
    await post.queue(invited(1))
    await post.queue(EventCancelled(event_id=EVENT_ID, version=9, at=NOW, event=event, notify=True))

    async with post.sending():
        await post.until_all("cancelled")

    assert sink.arrived == []
    assert (await post.rows())[0].note == "The event will not take place."


async def test_who_has_unsubscribed_gets_no_invitation_but_every_other_mail(
    post: Post, sink: Sink
) -> None:
    await post.queue(invited(1), invited(2))
    async with post.database.transaction() as session:
        wish = Suppression(address=GUEST, event_id=EVENT_ID, reason="unsubscribed", created_at=NOW)
        session.add(wish)

    async with post.sending():
        await post.until_all("suppressed", "sent")

    assert [mail.recipient for mail in sink.arrived] == ["guest2@example.com"]


async def test_several_senders_never_send_one_mail_twice(post: Post, sink: Sink) -> None:
    await post.queue(*(invited(number) for number in range(1, 81)))

    async with AsyncExitStack() as senders:
        for _ in range(3):
            await senders.enter_async_context(post.sending(sender_claim_size=3))
        await post.until_all("sent")

    assert len(sink.arrived) == 80
    assert len({mail.message_id for mail in sink.arrived}) == 80


async def test_what_a_vanished_sender_held_is_taken_over_after_its_lease(
    post: Post, sink: Sink
) -> None:
    await post.queue(invited(1))
    vanished = ClaimService(
        post.database,
        post.clock,
        retries=RetryPolicy(timedelta(seconds=1), timedelta(seconds=1)),
        lease=timedelta(seconds=30),
    )
    await vanished.claim(5)

    async with post.sending():
        post.clock.advance(timedelta(seconds=29))
        assert await post.statuses() == ["sending"]
        post.clock.advance(timedelta(seconds=2))
        await post.until_all("sent")

    assert (len(sink.arrived), (await post.rows())[0].attempts) == (1, 2)


async def test_a_sender_that_is_stopped_finishes_its_mail_and_gives_back_the_others(
    post: Post, sink: Sink
) -> None:
    sink.seconds = 0.2
    await post.queue(*(invited(number) for number in range(1, 11)))

    async with post.sending(sender_connections=1):
        await post.until(lambda found: "sent" in found)

    rows = await post.rows("status, attempts")
    assert [row.status for row in rows].count("sent") == len(sink.arrived) < 10
    assert {(row.status, row.attempts) for row in rows} == {("sent", 1), ("pending", 0)}


async def test_a_mail_server_that_is_away_delays_mails_and_loses_none(post: Post) -> None:
    async with mail_server(Sink()) as gone:
        port = gone.port
    await post.queue(*(invited(number) for number in range(1, 7)))

    async with post.sending(smtp_port=port, sender_connections=1):
        await post.until(lambda found: sorted(found) == ["deferred"] + 5 * ["pending"])
        async with mail_server(Sink(port=port)) as back:
            post.clock.advance(timedelta(minutes=1))
            await post.until_all("sent")

    assert len(back.arrived) == 6
    assert (await post.rows())[0].last_smtp_reply == "250 Taken"


async def test_the_trace_of_the_fact_continues_to_the_mail(post: Post, sink: Sink) -> None:
    await post.queue(invited(1), traceparent=TRACE)

    async with post.sending():
        await post.until_all("sent")

    async with post.database.transaction() as session:
        query = "select headers ->> 'traceparent' from notifications.outbox order by id"
        *_, of_sent = (await session.execute(text(query))).scalars()
    assert of_sent.split("-")[1] == TRACE.split("-")[1]


async def test_a_letter_that_can_not_be_written_stops_no_other(post: Post, sink: Sink) -> None:
    await post.queue(verification_requested(), invited(1))
    async with post.database.transaction() as session:
        damage = "update notifications.deliveries set details = '{}' where kind = 'verification'"
        await session.execute(text(damage))

    async with post.sending():
        await post.until_all("failed", "sent")

    row = (await post.rows())[0]
    assert row.note.startswith("It could not be written")
    assert [mail.recipient for mail in sink.arrived] == [GUEST]


async def test_a_fault_of_ours_leaves_no_mail_behind_as_being_sent(post: Post, sink: Sink) -> None:
    await post.queue(invited(1), invited(2))

    async with post.sending(mail_from="Stitch <no-reply@bücher.example>"):
        await post.until_all("deferred")
    post.clock.advance(timedelta(minutes=1))
    async with post.sending():
        await post.until_all("sent")

    assert len(sink.arrived) == 2


@pytest.mark.parametrize("connections", [1, 4])
async def test_each_connection_is_kept_for_many_mails(
    post: Post, sink: Sink, connections: int
) -> None:
    await post.queue(*(invited(number) for number in range(1, 41)))

    async with post.sending(sender_connections=connections):
        await post.until_all("sent")

    assert sink.connections <= connections
