"""Facts become due mails, each once, together with the picture they are true of."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from services.notifications.tests.deliveries.conftest import Woken, mails, queued_facts
from services.notifications.tests.factories import (
    EVENT_ID,
    answered,
    cancelled,
    invited,
    promoted,
    published,
    received,
    registered,
    registration_repeated,
    rescheduled,
    verification_requested,
)

from stitch_common.contracts import Fact
from stitch_common.database import Database
from stitch_common.testing.clock import NOW
from stitch_notifications.audience.errors import EventNotKnownYetError
from stitch_notifications.audience.service import Audience
from stitch_notifications.deliveries.service import DeliveryService


@pytest.fixture
def service(
    database: Database, make_service: Callable[[Database], DeliveryService]
) -> DeliveryService:
    return make_service(database)


async def take(service: DeliveryService, *facts: Fact) -> None:
    await service.take([(fact, received(fact)) for fact in facts])


async def test_an_invited_guest_has_one_mail_due_at_once(
    service: DeliveryService, database: Database, woken: Woken
) -> None:
    await take(service, published(), invited(1, name="Ada"))

    [mail] = await mails(database)
    assert (mail.kind, mail.status, mail.recipient_name) == ("invitation", "pending", "Ada")
    assert (mail.event_id, mail.rsvp_id, mail.next_attempt_at) == (EVENT_ID, 1, NOW)
    assert mail.subject == "You are invited: Summer concert"
    assert mail.give_up_at == NOW + timedelta(hours=72)
    assert await queued_facts(database) == 1
    assert woken.times == 1


async def test_a_repeated_fact_changes_nothing(
    service: DeliveryService, database: Database
) -> None:
    await take(service, published())
    fact = invited(1)
    item = (fact, received(fact))

    await service.take([item, item])
    await service.take([item])

    assert len(await mails(database)) == await queued_facts(database) == 1


async def test_two_facts_for_one_occasion_make_one_mail(
    service: DeliveryService, database: Database
) -> None:
    await take(service, published(), invited(1), invited(1), invited(1, invitation=2))

    assert [mail.occasion for mail in await mails(database)] == [
        "rsvp:1:invitation:1",
        "rsvp:1:invitation:2",
    ]


async def test_an_answer_is_confirmed_in_the_words_of_that_answer(
    service: DeliveryService, database: Database
) -> None:
    await take(service, published(), answered(1, party_size=2, status="waitlisted"))

    [mail] = await mails(database)
    assert mail.subject == "You are on the waiting list: Summer concert"
    assert mail.details["rsvp"]["party_size"] == 2


async def test_who_moves_up_and_who_registers_is_told(
    service: DeliveryService, database: Database
) -> None:
    await take(service, published(), promoted(1), registered(2))

    assert {mail.kind for mail in await mails(database)} == {"waitlist", "guest-link"}


async def test_a_guest_before_the_event_waits_and_leaves_no_trace(
    service: DeliveryService, database: Database
) -> None:
    fact = invited(1)
    item = (fact, received(fact))
    with pytest.raises(EventNotKnownYetError):
        await service.take([item])

    await take(service, published())
    await service.take([item])

    assert len(await mails(database)) == 1


async def test_every_active_guest_hears_once_of_a_cancelled_event(
    service: DeliveryService, database: Database
) -> None:
    await take(
        service,
        published(),
        answered(1, status="accepted", by_guest=False),
        answered(2, status="waitlisted", by_guest=False),
        answered(3, status="declined", by_guest=False),
        registered(4),
    )

    fact = cancelled()
    await service.take([(fact, received(fact)), (fact, received(fact))])

    told = [mail for mail in await mails(database) if mail.kind == "cancellation"]
    assert sorted(mail.recipient_email for mail in told) == [
        "guest1@example.com",
        "guest2@example.com",
    ]
    assert {mail.subject for mail in told} == {"Cancelled: Summer concert"}
    assert await queued_facts(database) == 3


@pytest.mark.parametrize("says_so", [False, None], ids=["of today", "of the past"])
async def test_a_guest_for_whom_somebody_fills_in_the_form_again_still_hears_of_the_event(
    service: DeliveryService, database: Database, *, says_so: bool | None
) -> None:
    asked = registered(1, version=3, status="accepted", needs_confirmation=says_so)

    await take(service, published(), answered(1), asked, cancelled())

    kinds = [mail.kind for mail in await mails(database)]
    assert sorted(kinds) == ["cancellation", "confirmation", "guest-link"]


async def test_a_stranger_of_whom_an_older_fact_tells_is_asked_to_confirm(
    service: DeliveryService, database: Database
) -> None:
    await take(service, published(), registered(1, needs_confirmation=None))

    [mail] = await mails(database)
    assert mail.subject == "Confirm your registration: Summer concert"
    assert mail.details["rsvp"]["needs_confirmation"] is True


async def test_an_address_that_nobody_has_confirmed_hears_nothing_whatever_editors_change(
    service: DeliveryService, database: Database
) -> None:
    edited = answered(
        1, by_guest=False, changed=["phone"], status="pending", needs_confirmation=True
    )

    await take(service, published(), registered(1), edited, rescheduled())

    assert [mail.kind for mail in await mails(database)] == ["guest-link"]


async def test_an_invitation_that_has_not_left_needs_no_update(
    service: DeliveryService, database: Database
) -> None:
    await take(service, published(), invited(1), answered(2, by_guest=False))

    await take(service, rescheduled())

    updated = [mail for mail in await mails(database) if mail.kind == "update"]
    assert [mail.rsvp_id for mail in updated] == [2]
    assert updated[0].details["location"] == "Alte Brauerei, Hofgasse 4, Leipzig"


async def test_a_change_that_is_not_to_be_told_still_reaches_the_picture(
    service: DeliveryService, database: Database
) -> None:
    await take(service, published(), answered(1, by_guest=False), rescheduled(notify=False))

    assert await mails(database) == []
    async with database.transaction() as session:
        event = await Audience(session).get_event(EVENT_ID)
        assert event.read().location == "Gewandhaus"


async def test_the_mails_of_accounts_are_due_until_their_links_end(
    service: DeliveryService, database: Database
) -> None:
    await take(service, verification_requested(), registration_repeated())

    verification, note = await mails(database)
    assert (verification.kind, verification.user_id) == ("verification", 5)
    assert verification.give_up_at == NOW + timedelta(hours=24)
    assert "token" not in str(verification.details)
    assert (note.kind, note.recipient_email) == ("registration-repeated", "old@example.com")


async def test_nobody_can_flood_an_owner_by_registering_again_and_again(
    service: DeliveryService, database: Database
) -> None:
    for minute in range(10):
        await take(service, registration_repeated(at=NOW + timedelta(minutes=minute)))

    assert len(await mails(database)) == 1
