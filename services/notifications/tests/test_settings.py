"""What is configured is checked when a process starts, not when the first mail leaves."""

from typing import Any

import pytest
from pydantic import ValidationError

from stitch_notifications.settings import NotificationsSettings


def configured(settings: NotificationsSettings, **changes: Any) -> NotificationsSettings:
    return NotificationsSettings.model_validate({**settings.model_dump(), **changes})


@pytest.mark.parametrize(
    ("written", "used"),
    [
        ("Stitch <no-reply@stitch.example>", "Stitch <no-reply@stitch.example>"),
        ("Bücher <post@bücher.example>", "Bücher <post@xn--bcher-kva.example>"),
        ("post@straße.example", "post@xn--strae-oqa.example"),
    ],
)
def test_the_sender_may_be_at_a_domain_that_is_not_ascii(
    settings: NotificationsSettings, written: str, used: str
) -> None:
    assert configured(settings, mail_from=written).mail_from == used


@pytest.mark.parametrize("sender", ["nobody", "Zoë <zoë@stitch.example>", "x@-bücher-.example"])
def test_a_sender_whom_no_server_would_take_is_refused(
    settings: NotificationsSettings, sender: str
) -> None:
    with pytest.raises(ValidationError, match="mail_from"):
        configured(settings, mail_from=sender)
