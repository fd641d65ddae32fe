"""Which usernames are acceptable."""

import re
import unicodedata

USERNAME = re.compile(r"[^\W_][\w.-]{1,48}[^\W_]")
SHAPE_SENTENCE = (
    "Use 3 to 50 letters, digits, dots, hyphens or underscores, at both ends a letter or digit."
)
ONE_ALPHABET_SENTENCE = "Use letters of one alphabet only."

# Alphabets whose letters look alike; CJK and its syllabaries, for example, do mix.
_CONFUSABLE = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC"})


def why_not_a_username(username: str) -> str | None:
    """A sentence about what is wrong with this username, or None."""
    if not USERNAME.fullmatch(username):
        return SHAPE_SENTENCE
    alphabets = {unicodedata.name(char, "?").split()[0] for char in username if char.isalpha()}
    return ONE_ALPHABET_SENTENCE if len(alphabets & _CONFUSABLE) > 1 else None
