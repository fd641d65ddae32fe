"""Values that have broken somebody's API before."""

from typing import Any

NUL = b'"a\\u0000b"'
LONE_SURROGATE = b'"\\ud800"'
BEYOND_BIGINT = (2**63, 2**64, -(2**63) - 1, 10**30)

BROKEN_BODIES = {
    "empty": b"",
    "null": b"null",
    "list": b"[]",
    "text": b'"x"',
    "number": b"1",
    "half": b'{"title": "x"',
    "not UTF-8": b'\xff\xfe{"title": 1}',
    "half a character": b'{"title": "\xf0\x9f"}',
    "bottomless list": b'{"title": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "bottomless object": b'{"title": ' + b'{"a":' * 945 + b"1" + b"}" * 945 + b"}",
    "endless number": b'{"title": ' + b"9" * 5000 + b"}",
    "NaN": b'{"title": NaN, "value": NaN, "key": "nan", "prompt": -Infinity}',
    "same name twice, the last one wrong": b'{"title": "x", "title": 1, "key": "x", "key": 1}',
}

BROKEN_QUERIES = (
    "limit=0",
    "limit=101",
    "limit=abc",
    "limit=1e2",
    "limit=9" + "9" * 400,
    "skip=-1",
    "skip=10001",
    "cursor=abc",
    "cursor=%00",
    "cursor=" + "A" * 900,
    "cursor=%C3%A9",
    "count=maybe",
    "nonsense=1",
    "%00=1",
    "limit[]=1",
)

BROKEN_IF_MATCH = ("v1", '"v1", "v2"', '""', '"v-1"', '"v' + "9" * 40 + '"', "'v1'", "\x01")
BROKEN_KEYS = ("", "x" * 256, "a\tb")

BROKEN_MOMENTS: tuple[Any, ...] = (
    "2027-06-01T10:00:00",
    "2027-06-01",
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00",
    "2027-02-30T00:00:00Z",
    "2027-06-01T10:00:00+25:00",
    "tomorrow",
    "",
    None,
    [],
)
BROKEN_ZONES: tuple[Any, ...] = (
    "Mars/Olympus",
    "",
    "../../etc/passwd",
    "europe/berlin",
    "x" * 10_000,
    None,
    5,
)
