"""Splitting a text as GPT-2's tokenizer does before it merges bytes. Python's ``re`` knows no letters and numbers by
Unicode class, so the pattern runs over a shadow of the text: one ASCII character of the same class for each of its own.

The classes are those of the ``tokenizers`` package: Unicode 16, as in Python 3.14. Older Pythons lack the letters and
numbers of LATER. Checked against the package for all code points on Python 3.11, 3.12, 3.13 and 3.14.
"""

from __future__ import annotations

import re

# a letter that no contraction ('s, 'll) holds
LETTER, NUMBER, SPACE, OTHER = "x", "0", "\t", "!"

_WORDS = re.compile(
    r"'s|'t|'re|'ve|'m|'ll|'d| ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+|\s+(?!\S)|\s+",
    re.ASCII,  # \s without \x1c to \x1f, which only Python calls white space
)

# Unicode's White_Space outside ASCII
SPACES = frozenset((0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000))

# first and last code point of what came between Unicode 14 (Python 3.11) and 16
# fmt: off
LATER = {
    LETTER: (
        (0x1C89, 0x1C8A), (0xA7CB, 0xA7CD), (0xA7DA, 0xA7DC), (0x105C0, 0x105F3), (0x10D4A, 0x10D65),
        (0x10D6F, 0x10D85), (0x10EC2, 0x10EC4), (0x1123F, 0x11240), (0x11380, 0x11389), (0x1138B, 0x1138B),
        (0x1138E, 0x1138E), (0x11390, 0x113B5), (0x113B7, 0x113B7), (0x113D1, 0x113D1), (0x113D3, 0x113D3),
        (0x11BC0, 0x11BE0), (0x11F02, 0x11F02), (0x11F04, 0x11F10), (0x11F12, 0x11F33), (0x1342F, 0x1342F),
        (0x13441, 0x13446), (0x13460, 0x143FA), (0x16100, 0x1611D), (0x16D40, 0x16D6C), (0x18CFF, 0x18CFF),
        (0x1B132, 0x1B132), (0x1B155, 0x1B155), (0x1DF25, 0x1DF2A), (0x1E030, 0x1E06D), (0x1E4D0, 0x1E4EB),
        (0x1E5D0, 0x1E5ED), (0x1E5F0, 0x1E5F0), (0x2B739, 0x2B739), (0x2EBF0, 0x2EE5D), (0x31350, 0x323AF),
    ),
    NUMBER: (
        (0x10D40, 0x10D49), (0x116D0, 0x116E3), (0x11BF0, 0x11BF9), (0x11F50, 0x11F59), (0x16130, 0x16139),
        (0x16D70, 0x16D79), (0x1CCF0, 0x1CCF9), (0x1D2C0, 0x1D2D3), (0x1E4F0, 0x1E4F9), (0x1E5F1, 0x1E5FA),
    ),
}
# fmt: on


class _Shadow:
    """For ``str.translate``: the shadow of a code point."""

    def __getitem__(self, code: int) -> str:
        character = chr(code)
        if code < 0x80:
            return character
        if code in SPACES:
            return SPACE
        if character.isalpha():
            return LETTER
        if character.isalnum():  # a letter or a number, and not a letter
            return NUMBER
        for shadow, ranges in LATER.items():
            if any(first <= code <= last for first, last in ranges):
                return shadow
        return OTHER


def split(text: str) -> list[str]:
    """The words of a text, with the space before each; joined they are the text."""
    if text.isascii():
        return _WORDS.findall(text)
    shadow = text.translate(_Shadow())
    return [text[found.start() : found.end()] for found in _WORDS.finditer(shadow)]
