"""What a role may do next, which days a period has, what is most popular."""

from datetime import date

import pytest

from stitch_common.contracts import all_facts
from stitch_common.security.principals import Role
from stitch_content.dashboard.consumers import FACTS
from stitch_content.dashboard.rules import actions_for, days_until, most_popular, summed


def test_each_role_has_what_the_lower_one_has_and_more() -> None:
    viewer, editor, admin = (
        {action.id for action in actions_for(role)}
        for role in (Role.VIEWER, Role.EDITOR, Role.ADMIN)
    )

    assert viewer < editor < admin
    assert "create-content" in editor - viewer
    assert "site-settings" in admin - editor


def test_a_period_ends_today() -> None:
    assert days_until(date(2026, 3, 2), 3) == [
        date(2026, 2, 28),
        date(2026, 3, 1),
        date(2026, 3, 2),
    ]


def test_the_most_popular_type_is_the_most_frequent_one() -> None:
    assert summed([("page", 1), ("article", 2), ("page", 1)]) == {"article": 2, "page": 2}
    assert most_popular({"page": 2, "article": 2, "blog_post": 1}) == "article"
    assert most_popular({}) is None


@pytest.mark.parametrize("producer", ["content", "events", "notifications"])
def test_the_dashboard_hears_everything_that_changes_a_count(producer: str) -> None:
    uncounted = {
        "SettingChanged",
        "ModuleUpgraded",
        "InvitationsRequested",
        "InvitationsRefused",
        "AddressSuppressed",
    }
    told = {fact for fact in all_facts().values() if fact.producer() == producer}

    assert {fact.__name__ for fact in told - set(FACTS)} <= uncounted
