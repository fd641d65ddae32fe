"""What the description of an operation says about limits."""

from collections.abc import Mapping
from typing import Any

from stitch_common.limits.answers import QuotaExceededError
from stitch_gateway.limits.models import QUOTAS
from stitch_gateway.routing.models import RouteClass

THROTTLED = "429"
SENTENCE = f"`{QuotaExceededError.code}`: {QuotaExceededError.sentence()}"
FIELDS = {
    "Retry-After": "Seconds until a request of this kind is admitted again.",
    "RateLimit": "What is left of which limit, and in how many seconds it is more.",
    "RateLimit-Policy": "How many in how many seconds are admitted.",
}
PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def with_refusal(responses: Mapping[str, Any], kind: RouteClass) -> dict[str, Any]:
    """The answers of an operation that the gateway may refuse as one too many."""
    if kind not in QUOTAS:
        return dict(responses)
    own: Mapping[str, Any] = responses.get(THROTTLED, {"content": PROBLEM})
    sentences = [SENTENCE, own.get("description", "")]
    codes = [QuotaExceededError.code, *own.get("x-codes", ())]
    refusal = {
        **own,
        "description": "\n\n".join(dict.fromkeys(filter(None, sentences))),
        "x-codes": list(dict.fromkeys(codes)),
        "headers": {
            name: {"description": text, "schema": {"type": "string"}}
            for name, text in FIELDS.items()
        },
    }
    return {**responses, THROTTLED: refusal}
