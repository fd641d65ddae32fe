"""What callers are told of limits (S71)."""

from datetime import timedelta

import pytest

from stitch_common.errors import ErrorKind
from stitch_common.http.problems import problem_of
from stitch_common.limits.answers import refusal, standing
from stitch_common.limits.models import Limit, Verdict

MAIL = Limit("mail", 5, timedelta(seconds=30))
PER_HOUR = Limit("mail-hour", 20, timedelta(hours=1))


def test_what_is_left_is_told_in_the_words_of_the_draft() -> None:
    verdict = Verdict(is_admitted=True, remaining=3, wait=11.2)

    assert MAIL.policy == '"mail";q=5;w=30'
    assert standing(MAIL, verdict) == '"mail";r=3;t=12'


def test_a_refusal_names_the_limits_and_the_longest_wait() -> None:
    short = Verdict(is_admitted=False, remaining=0, wait=30.5)
    long = Verdict(is_admitted=False, remaining=0, wait=3599.01)

    error = refusal([(MAIL, short), (PER_HOUR, long)])

    assert error.kind is ErrorKind.THROTTLED
    assert error.headers == {
        "retry-after": "3600",
        "ratelimit-policy": '"mail";q=5;w=30, "mail-hour";q=20;w=3600',
        "ratelimit": '"mail";r=0;t=31, "mail-hour";r=0;t=3600',
    }


def test_the_problem_is_the_registered_one() -> None:
    verdict = Verdict(is_admitted=False, remaining=0, wait=0.0)

    answer = problem_of(refusal([(MAIL, verdict)]), "/api/auth/token")

    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "1"
    text = bytes(answer.body).decode()
    assert '"type":"https://iana.org/assignments/http-problem-types#quota-exceeded"' in text
    assert '"violated-policies":["mail"]' in text


@pytest.mark.parametrize(
    ("name", "most", "window"),
    [
        ("Mail", 1, timedelta(1)),
        ("a.b", 1, timedelta(seconds=1)),
        ("a", 0, timedelta(seconds=1)),
        ("a", 1 << 23, timedelta(seconds=1)),
        ("a", 1, timedelta(0)),
        ("a", 1, timedelta(days=1)),
    ],
)
def test_a_limit_that_could_not_be_kept_is_none(name: str, most: int, window: timedelta) -> None:
    with pytest.raises(ValueError, match="no limit"):
        Limit(name, most, window)
