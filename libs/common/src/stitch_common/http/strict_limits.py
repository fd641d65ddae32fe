"""How large and how slow a request may be before its connection is closed."""

from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Self

from stitch_common.settings import ServiceSettings

KIB = 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What one connection may cost; the times are a patient person's, not a patient attacker's."""

    head_timeout: timedelta = timedelta(seconds=10)
    """From connecting to the first byte, and from there to the end of the head."""
    body_timeout: timedelta = timedelta(seconds=20)
    """For a pause within a body, and for what is left of a body that was answered early."""
    min_body_rate: int = KIB
    """Bytes a second: who sends less uses up `body_timeout`, who sends more regains it."""
    answer_timeout: timedelta = timedelta(seconds=30)
    """Until a client has taken what is waiting for it."""
    keep_alive_timeout: timedelta = timedelta(seconds=75)
    """Between an answer and the next request."""
    farewell: timedelta = timedelta(seconds=0.5)
    """While draining, for a quiet connection's next request, which may be on its way."""

    max_head: int = 16 * KIB
    max_target: int = 8 * KIB
    max_fields: int = 100
    max_pipelined: int = 32

    @classmethod
    def of(cls, settings: ServiceSettings) -> Self:
        """What an operator can change, beside what nobody needs to."""
        chosen = {each.name for each in fields(cls)} & set(type(settings).model_fields)
        return cls(**{name: getattr(settings, name) for name in chosen})
