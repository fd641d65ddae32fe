"""An event's mails in numbers."""

from hypothesis import given
from hypothesis import strategies as st

from stitch_notifications.communications.rules import Tally, stats
from stitch_notifications.deliveries.models import Status

tallies = st.dictionaries(
    st.sampled_from(list(Status)),
    st.integers(0, 1000).map(lambda mails: Tally(mails, opened=mails // 2, clicked=mails // 4)),
)


def test_rates_are_percentages_of_what_the_mail_server_has_taken() -> None:
    found = stats({"sent": Tally(6, 3, 1), "bounced": Tally(2, 0, 0), "failed": Tally(5, 0, 0)})

    assert (found["total_sent"], found["total_delivered"]) == (8, 6)
    assert (found["bounce_rate"], found["open_rate"], found["click_rate"]) == (25.0, 37.5, 12.5)
    assert found["failed"] == 5


def test_without_a_mail_all_numbers_are_zero() -> None:
    assert set(stats({}).values()) == {0}


@given(tallies)
def test_every_mail_is_counted_once(given_tallies: dict[str, Tally]) -> None:
    found = stats(given_tallies)

    states = ("total_sent", "pending", "deferred", "failed", "suppressed", "cancelled")
    assert sum(found[state] for state in states) == sum(
        tally.mails for tally in given_tallies.values()
    )
