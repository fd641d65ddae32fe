"""What an answer or a failure says about the service, and what may be sent again."""

from dataclasses import replace

from stitch_gateway.intake.head import Fields
from stitch_gateway.proxying.errors import (
    ConnectTimeoutError,
    UpstreamBrokenError,
    UpstreamBusyError,
    UpstreamError,
    UpstreamUnreachableError,
)
from stitch_gateway.proxying.upstream import UpstreamRequest

SAFE = frozenset({"GET", "HEAD"})
IDEMPOTENT = SAFE | {"PUT", "DELETE"}
FIRST_FAILURE = 500
GATEWAY_FAILURES = frozenset({502, 503, 504})
PROBLEM = b"application/problem+json"


def nothing_was_sent(error: BaseException) -> bool:
    """Whether no connection came about; a full pool is not the service's fault and counts not."""
    is_refusal = isinstance(error, UpstreamUnreachableError | ConnectTimeoutError)
    return is_refusal and not isinstance(error, UpstreamBusyError)


def is_outage(status: int, fields: Fields) -> bool:
    """Whether something between us and the service says that it is not there.

    A problem document is the service's own considered word, such as that no AI provider answers:
    it is well. Neither is a 500 an outage: one request that a service can't digest, repeated,
    would close it for everybody.
    """
    return status in GATEWAY_FAILURES and not any(
        name == b"content-type" and value.startswith(PROBLEM) for name, value in fields
    )


def again(request: UpstreamRequest, error: UpstreamError) -> UpstreamRequest | None:
    """The second try after this failure, elsewhere if there is an elsewhere (RFC 9110 §9.2.2).

    None if anything that may have had its effect could have it twice, and for every POST.
    """
    if request.method not in IDEMPOTENT or isinstance(error, UpstreamBusyError):
        return None
    is_harmless = nothing_was_sent(error) or (
        isinstance(error, UpstreamBrokenError) and request.method in SAFE and request.body is None
    )
    return replace(request, avoid=error.address) if is_harmless else None
