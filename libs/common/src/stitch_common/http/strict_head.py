"""A head that every reader reads alike (RFC 9112 §3, §6), and the answers that others get."""

import re
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import unquote

import httptools
import structlog
from starlette.responses import Response

from stitch_common.context import request_id
from stitch_common.http.middleware import chosen_request_id
from stitch_common.http.problems import problem

Fields = list[tuple[bytes, bytes]]

log = structlog.get_logger(__name__)

METHODS = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"})
VERSIONS = frozenset({"1.0", "1.1"})
HOST = re.compile(rb"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
LENGTH = re.compile(rb"[0-9]{1,15}")
ABSOLUTE = re.compile(rb"https?://([^/?#]*)(/[^#]*)", re.IGNORECASE)
SLASH = ord("/")
OF_UPGRADES = frozenset({b"upgrade", b"http2-settings"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a connection is closed, for whoever is at its other end."""

    status: int
    code: str
    detail: str

    def answer(self, asked: Fields) -> Response:
        """The whole answer to these fields; it shows nothing of what was sent but its id."""
        chosen = chosen_request_id(asked)
        before = request_id.set(chosen)
        made = problem(self.status, code=self.code, detail=self.detail, instance="")
        request_id.reset(before)
        made.headers.update({"x-request-id": chosen, "connection": "close"})
        if self.status == HTTPStatus.SERVICE_UNAVAILABLE:
            made.headers["retry-after"] = "1"
        return made


class RefusedError(Exception):
    """Stops the parser; the connection has no further use."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


MALFORMED = Refusal(400, "malformed-request", "This is not a request that HTTP/1.1 allows.")
BAD_HOST = Refusal(400, "bad-host", "A request needs exactly one Host, and a valid one.")
BAD_LENGTH = Refusal(400, "bad-length", "Content-Length must be one plain number.")
BAD_TARGET = Refusal(400, "bad-target", "The request target must be a path of this host.")
BAD_CODING = Refusal(400, "bad-coding", "Transfer-Encoding must be said once, in HTTP/1.1.")
UNKNOWN_CODING = Refusal(501, "unknown-coding", "Transfer-Encoding can only be chunked.")
UNKNOWN_METHOD = Refusal(501, "unknown-method", "This method is not used here.")
NO_UPGRADE = Refusal(501, "no-upgrade", "Only HTTP/1.1 is spoken here, and no WebSocket.")
UNKNOWN_EXPECTATION = Refusal(417, "unknown-expectation", "Only 100-continue can be expected.")
TOO_EAGER = Refusal(503, "too-eager", "Wait for answers before you send more requests.")
LONG_TARGET = Refusal(414, "address-too-long", "The address of this request is too long.")
LARGE_HEAD = Refusal(431, "head-too-large", "The head of this request is too large.")
SLOW_HEAD = Refusal(408, "slow-head", "The head of this request did not arrive in time.")
SLOW_BODY = Refusal(408, "slow-body", "The body did not arrive in time.")
OUR_FAULT = Refusal(500, "internal-error", "Something went wrong on our side.")


def refusal_for(error: httptools.HttpParserError) -> Refusal:
    """The parser's own reason, ours, or a failure of ours, which is logged."""
    reason = error.__context__
    if isinstance(reason, RefusedError):
        return reason.refusal
    if reason is None:
        return MALFORMED
    log.error("reading_failed", exc_info=reason)
    return OUR_FAULT


def origin_form(target: bytes, host: bytes) -> bytes:
    """Path and query; an absolute target (RFC 9112 §3.2.2) must name the Host that is asked."""
    if target[0] == SLASH and b"#" not in target:
        return target
    absolute = ABSOLUTE.fullmatch(target)
    if absolute is None or absolute[1].lower() != host.lower():
        raise RefusedError(BAD_TARGET)
    return absolute[2]


def decoded_path(path: bytes) -> str:
    """The path as applications read it; no text of a database may hold a NUL."""
    if b"%00" in path:
        raise RefusedError(BAD_TARGET)
    return unquote(path.decode("ascii"))


def size_of(target: bytes, fields: Fields) -> int:
    """Bytes of a head as far as it has been read, without its line ends."""
    return len(target) + sum(len(name) + len(value) for name, value in fields)


def without_upgrade(method: bytes, target: bytes, version: str, fields: Fields) -> bytes:
    """The same head again, with nothing in it that leads out of HTTP/1.1."""
    lines = [b"%b %b HTTP/%b" % (method, target, version.encode())]
    lines += [name + b": " + value for name, value in fields if name not in OF_UPGRADES]
    return b"\r\n".join([*lines, b"", b""])
