"""Moments as clients write them."""

import re
from datetime import date

from pydantic import BeforeValidator

BEGINS_WITH_A_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def _written_out(value: object) -> object:
    if isinstance(value, date) or (isinstance(value, str) and BEGINS_WITH_A_DATE.match(value)):
        return value
    message = "Write a date and a time with an offset (RFC 3339), such as 2026-03-02T12:00:00Z."
    raise ValueError(message)


WrittenOut = BeforeValidator(_written_out)
"""Refuses numbers, which Pydantic takes for the seconds since 1970 and RFC 3339 does not know."""
