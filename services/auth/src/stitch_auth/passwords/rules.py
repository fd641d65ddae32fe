"""Which passwords are accepted: long enough, and hard to guess for who knows the person."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from threading import Lock

from zxcvbn import zxcvbn

MIN_LENGTH = 12
MAX_LENGTH = 128
LENGTH_SENTENCE = f"Use {MIN_LENGTH} to {MAX_LENGTH} characters."

SITE_WORDS = ("stitch", "password", "passphrase", "welcome")
ACCEPTED_SCORE = 3
"""Of 4: not to be guessed in 10^8 attempts."""
WINDOW = 20
"""zxcvbn tries all substitutions of letters by signs: 20 characters cost 70 ms at worst, 72 cost
seconds (measured with 4.5.0)."""
WINDOWS = 4

_WORD = re.compile(r"[^\W_]{3,}")
_only_one = Lock()


def normalized(password: str) -> str:
    """The same password however a keyboard composes its characters (NIST SP 800-63B §3.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


def is_short_enough(password: str) -> bool:
    # Normalisation can make text longer, so that its cost is bounded first.
    return len(password) <= MAX_LENGTH * 2 and len(normalized(password)) <= MAX_LENGTH


def is_long_enough(password: str) -> bool:
    return len(normalized(password)) >= MIN_LENGTH


def why_weak(password: str, context: Iterable[str]) -> str | None:
    """A sentence about what makes this password easy to guess; None if it is not.

    What anybody knows of the person adds nothing to it. Takes milliseconds of computing: call it
    in a thread.
    """
    words = [*SITE_WORDS, *_words(context)]
    reason: str | None = None
    for window in _windows(_without(words, normalized(password))):
        with _only_one:  # zxcvbn keeps the words in a global
            result = zxcvbn(window, user_inputs=words)
        if result["score"] >= ACCEPTED_SCORE:
            return None
        reason = reason or result["feedback"]["warning"]
    advice = "Choose several unrelated words, or let a password manager make one."
    return f"{(reason or 'This password is easy to guess').rstrip('.')}. {advice}"


def _words(context: Iterable[str]) -> Iterator[str]:
    for text in context:
        yield text
        yield from _WORD.findall(text)


def _without(words: Iterable[str], password: str) -> str:
    longest_first = sorted({word for word in words if word}, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, longest_first)), "", password, flags=re.IGNORECASE)


def _windows(password: str) -> list[str]:
    """A password is as strong as its strongest part, at least."""
    return [password[at : at + WINDOW] for at in range(0, len(password), WINDOW)][:WINDOWS]
