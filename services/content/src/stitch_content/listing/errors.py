"""What can be refused about a list."""

from collections.abc import Iterable

from stitch_common.errors import FieldError
from stitch_common.http.problems import InvalidQueryError


def not_one_of(parameter: str, allowed: Iterable[str]) -> InvalidQueryError:
    """Refuse a value of a query parameter and name those that would do."""
    message = f"Allowed here: {', '.join(allowed)}."
    return InvalidQueryError(
        f"{parameter}: {message}", errors=[FieldError(f"/query/{parameter}", message)]
    )
