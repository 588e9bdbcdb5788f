"""What a file's name says in words."""

from __future__ import annotations

import re

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NO_LETTERS = re.compile(r"[\W\d_]+")


def words(name: str) -> str:
    """ "kick_high_left02" and "KickHighLeft-2" -> "kick high left". Numbers and single letters say nothing; a name of
    nothing else gives an empty text."""
    parts = _NO_LETTERS.sub(" ", _CAMEL.sub(" ", name)).split()
    return " ".join(part.lower() for part in parts if len(part) > 1)
