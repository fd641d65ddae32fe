"""Errors say what kind they are; only the edges know statuses and acknowledgements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar


class ErrorKind(Enum):
    """What an error means to a caller, independent of HTTP and of the bus."""

    BAD_REQUEST = "bad-request"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not-found"
    CONFLICT = "conflict"
    STALE = "stale"
    PRECONDITION_REQUIRED = "precondition-required"
    TOO_LARGE = "too-large"
    UNSUPPORTED_MEDIA = "unsupported-media"
    INVALID = "invalid"
    THROTTLED = "throttled"
    BAD_GATEWAY = "bad-gateway"
    UNAVAILABLE = "unavailable"
    TIMEOUT = "timeout"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One refused part of a body: an RFC 6901 pointer and a sentence about it."""

    pointer: str
    message: str


class StitchError(Exception):
    """The base of every named error; a subclass's docstring is the sentence the client reads.

    `detail` replaces that sentence where it depends on the case, `extra` adds members to the
    problem document, `headers` to the HTTP answer.
    """

    kind: ClassVar[ErrorKind]
    code: ClassVar[str]

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: Sequence[FieldError] = (),
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.detail = detail or self.sentence()
        self.errors = tuple(errors)
        self.extra = dict(extra or {})
        self.headers = dict(headers or {})
        super().__init__(self.detail)

    @classmethod
    def sentence(cls) -> str:
        return (cls.__doc__ or cls.__name__).strip().splitlines()[0]


class InvalidFieldError(StitchError):
    """A field of the request was refused."""

    kind = ErrorKind.INVALID
    code = "invalid-field"

    @classmethod
    def of(cls, pointer: str, message: str) -> "InvalidFieldError":
        """Refuse one field, named by its RFC 6901 pointer."""
        return cls(message, errors=[FieldError(pointer, message)])
