"""Bone names taken apart: side, words, numbers, whatever the case, the separators and the scheme's prefix."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from .vocabulary import ASIDE, FINGERS, LAYERS, LEADING, MIDDLE, PARTS, SIDES, TWISTS

_TOKEN = re.compile(r"\d+|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+")
_SHARED = 0.5
"""share of the bones from which on a first or last word belongs to the scheme"""
_KNOWN = SIDES.keys() | LAYERS.keys() | PARTS.keys() | FINGERS.keys() | TWISTS
"""words that are never a scheme's prefix, however many bones have them"""
_WHOLE = PARTS.keys() | FINGERS.keys() | ASIDE
"""words that a side's letter may stand before without a seam"""
_SIDE_SIGNS = {"左": "left", "右": "right"}


@dataclass(frozen=True)
class Name:
    """``words``: lower case, without the side, the numbers and what the scheme adds; ``digits`` as written."""

    side: str | None
    words: tuple[str, ...]
    digits: tuple[str, ...]

    @property
    def joined(self) -> str:
        return "".join(self.words)


def _tokens(name: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", name).rsplit(":", 1)[-1]
    return [t.lower() for t in _TOKEN.findall(plain)]


def _without_scheme(rows: list[list[str]]) -> list[list[str]]:
    """``rows`` less known prefixes and the first and last words that most of the bones share."""
    rows = [_without_prefix(row) for row in rows]
    for end in (0, -1):
        common = Counter(row[end] for row in rows if len(row) > 1 and row[end].isalpha() and row[end] not in _KNOWN)
        shared = {word for word, count in common.items() if count > _SHARED * len(rows) and count > 2}
        kept = slice(1, None) if end == 0 else slice(None, -1)
        rows = [row[kept] if len(row) > 1 and row[end] in shared else row for row in rows]
    return rows


def _without_prefix(row: list[str]) -> list[str]:
    while len(row) > 1 and row[0] in LEADING:
        row = row[1:]
        while len(row) > 1 and row[0].isdigit():
            row = row[1:]
    return row


def take_apart(names: Sequence[str]) -> list[Name]:
    """One Name per bone."""
    return [_name(raw, row) for raw, row in zip(names, _without_scheme([_tokens(n) for n in names]))]


def _name(raw: str, row: list[str]) -> Name:
    side, words, digits = None, [], []
    for token in row:
        if token in SIDES and side is None:
            side = SIDES[token]
        elif token.isdigit():
            digits.append(token)
        elif token not in MIDDLE:
            words.append(token)
    if side is None:
        side = next((s for sign, s in _SIDE_SIGNS.items() if sign in raw), None)
    if side is None and words and words[0] not in _WHOLE and words[0][1:] in _WHOLE:  # "lfemur"
        side = SIDES.get(words[0][0])
        words[0] = words[0] if side is None else words[0][1:]
    return Name(side, tuple(words), tuple(digits))
