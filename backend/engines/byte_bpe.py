"""Byte-level BPE from a ``tokenizer.json``: the ids that the ``tokenizers`` package gives with
``encode_special_tokens = True`` and ``add_special_tokens=False``, and their texts, without the package. A text is split
into words, a word into its bytes, and of two neighbours those that come first in the list of merges are joined, until
none is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from math import inf
from pathlib import Path

from . import tokenizer_file, words
from .tokenizer_file import Parts

WORDS_KEPT = 4096


class ByteBPE:
    """A piece is written in the byte alphabet: one printable character for each byte; special tokens are no pieces and
    have no text. ValueError when a byte or a piece has no id."""

    def __init__(self, parts: Parts):
        ids = self.ids = parts.ids
        alphabet = _byte_alphabet()
        missing = [byte for byte, character in enumerate(alphabet) if character not in ids]
        if missing:
            raise ValueError(f"{len(missing)} of the 256 bytes have no id, byte {missing[0]} first")
        self._prefix_space = parts.prefix_space
        self._bytes = [ids[character] for character in alphabet]
        self._texts = {number: b"" if piece in parts.specials else _spelled(piece) for piece, number in ids.items()}
        self._ranks: dict[tuple[int, int], int] = {}
        self._joined: list[int] = []
        for rank, (left, right) in enumerate(parts.merges):
            for piece in (left, right, left + right):
                if piece not in ids:
                    raise ValueError(f"merge {rank} names the piece {piece[:40]!r}, which has no id")
            self._ranks[ids[left], ids[right]] = rank
            self._joined.append(ids[left + right])
        self._word = lru_cache(WORDS_KEPT)(self._merged)

    @classmethod
    def from_file(cls, path: Path) -> ByteBPE:
        """From a ``tokenizer.json``; see ``tokenizer_file.read`` for what can be wrong with it."""
        return tokenizer_file.read(path, cls)

    def encode(self, text: str) -> list[int]:
        """The ids of a text; ValueError when it holds half a surrogate pair. Meant for prompts: the time grows with the
        square of the longest word."""
        if self._prefix_space and text and not text.startswith(" "):
            text = " " + text
        return [token for word in words.split(text) for token in self._word(word)]

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids, what is no UTF-8 in it replaced, without the space that ``encode`` put before it; ValueError
        for an id that is none."""
        unknown = next((number for number in ids if number not in self._texts), None)
        if unknown is not None:
            raise ValueError(f"there are the text tokens 0 to {len(self._texts) - 1}, got {unknown}")
        text = b"".join(self._texts[number] for number in ids).decode(errors="replace")
        return text.removeprefix(" ") if self._prefix_space else text

    def spelled(self, characters: str) -> list[int]:
        """The id of each character, which must be ASCII (ValueError), inside a word."""
        return [self._bytes[byte] for byte in characters.encode("ascii")]

    def _merged(self, word: str) -> tuple[int, ...]:
        pieces = [self._bytes[byte] for byte in word.encode()]
        ranks = [self._ranks.get(pair, inf) for pair in zip(pieces, pieces[1:])]
        while ranks and (best := min(ranks)) < inf:
            at = ranks.index(best)  # the leftmost
            pieces[at : at + 2] = [self._joined[best]]
            del ranks[at]
            for i in range(max(0, at - 1), min(at + 1, len(ranks))):
                ranks[i] = self._ranks.get((pieces[i], pieces[i + 1]), inf)
        return tuple(pieces)


def _byte_alphabet() -> list[str]:
    """The character that stands for each byte: itself where it is printable, else the next one from 256 on."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(256, 512))
    return [chr(byte if byte in printable else next(others)) for byte in range(256)]


@cache
def _byte_of() -> dict[str, int]:
    return {character: byte for byte, character in enumerate(_byte_alphabet())}


def _spelled(piece: str) -> bytes:
    """The bytes of a piece; one that is not written in the byte alphabet is its own text, as for ``tokenizers``."""
    bytes_of = [_byte_of().get(character) for character in piece]
    return piece.encode() if None in bytes_of else bytes(bytes_of)
