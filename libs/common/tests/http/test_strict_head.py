import httptools
import pytest
from structlog.testing import capture_logs

from stitch_common.http import strict_head
from stitch_common.http.strict_head import Refusal, RefusedError, refusal_for


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (None, strict_head.MALFORMED),
        (RefusedError(strict_head.BAD_HOST), strict_head.BAD_HOST),
    ],
)
def test_what_a_client_does_wrong_is_told_and_not_logged(
    reason: Exception | None, expected: Refusal
) -> None:
    error = httptools.HttpParserCallbackError("whatever")
    error.__context__ = reason

    with capture_logs() as logs:
        assert refusal_for(error) is expected

    assert logs == []


def test_what_we_do_wrong_is_no_fault_of_the_client_and_is_logged() -> None:
    error = httptools.HttpParserCallbackError("whatever")
    error.__context__ = reason = ValueError("a bug of ours")

    with capture_logs() as logs:
        assert refusal_for(error).status == 500

    assert [(each["event"], each["exc_info"]) for each in logs] == [("reading_failed", reason)]
