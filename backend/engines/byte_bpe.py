"""Byte-level BPE from a ``tokenizer.json``: the ids that the ``tokenizers`` package gives with
``encode_special_tokens = True`` and ``add_special_tokens=False``, without the package. A text is split into words, a
word into its bytes, and of two neighbours those that come first in the list of merges are joined, until none is left.
"""

from __future__ import annotations

import json
from functools import lru_cache
from math import inf
from pathlib import Path

from ..bundles.bundle import BundleError, named, shown
from . import words

MAX_BYTES = 8 * 2**20
MAX_PIECES = 2**18
MAX_PIECE = 1024  # characters
WORDS_KEPT = 4096

# settings that change the ids, with the values that leave them alone
_PLAIN = {
    "": {"normalizer": (None,), "truncation": (None,), "padding": (None,)},
    "model": {
        "type": ("BPE", None),  # older files do not name it
        "dropout": (None, 0, 0.0),
        "continuing_subword_prefix": (None, ""),
        "end_of_word_suffix": (None, ""),
        "byte_fallback": (None, False),
        "ignore_merges": (None, False),
    },
    "pre_tokenizer": {"type": ("ByteLevel",), "use_regex": (None, True), "add_prefix_space": (None, True, False)},
}


class ByteBPE:
    """``merges``: pairs of pieces, the first to be joined first. A piece is written in the byte alphabet: one printable
    character for each byte. ValueError when a byte or a piece has no id."""

    def __init__(self, ids: dict[str, int], merges: list[tuple[str, str]], prefix_space: bool):
        alphabet = _byte_alphabet()
        missing = [byte for byte, character in enumerate(alphabet) if character not in ids]
        if missing:
            raise ValueError(f"{len(missing)} of the 256 bytes have no id, byte {missing[0]} first")
        self.ids = ids
        self._prefix_space = prefix_space
        self._bytes = [ids[character] for character in alphabet]
        self._ranks: dict[tuple[int, int], int] = {}
        self._joined: list[int] = []
        for rank, (left, right) in enumerate(merges):
            for piece in (left, right, left + right):
                if piece not in ids:
                    raise ValueError(f"merge {rank} names the piece {piece[:40]!r}, which has no id")
            self._ranks[ids[left], ids[right]] = rank
            self._joined.append(ids[left + right])
        self._word = lru_cache(WORDS_KEPT)(self._merged)

    @classmethod
    def from_file(cls, path: Path) -> ByteBPE:
        """Read a ``tokenizer.json``; BundleError says what is wrong with it, or what it wants that is not done here."""
        try:
            with open(path, "rb") as file:
                data = file.read(MAX_BYTES + 1)
            if len(data) > MAX_BYTES:
                raise ValueError(f"it is larger than the accepted {MAX_BYTES} bytes")
            return cls(*_checked(json.loads(data)))
        except OSError as error:
            raise BundleError(f"{named(path.parent, path.name)} cannot be read: {error.strerror}") from error
        except (ValueError, RecursionError) as error:
            raise BundleError(f"{named(path.parent, path.name)} is not a usable text tokenizer: {error}") from error

    def encode(self, text: str) -> list[int]:
        """The ids of a text; ValueError when it holds half a surrogate pair. Meant for prompts: the time grows with the
        square of the longest word."""
        if self._prefix_space and text and not text.startswith(" "):
            text = " " + text
        return [token for word in words.split(text) for token in self._word(word)]

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


def _checked(data) -> tuple[dict[str, int], list[tuple[str, str]], bool]:
    """What ``ByteBPE`` is made from, out of a parsed file; ValueError names the field that does not fit."""
    top = _object(data, "the file")
    model = _object(top.get("model"), "'model'")
    splitter = _object(top.get("pre_tokenizer"), "'pre_tokenizer'")
    for where, part in (("", top), ("model", model), ("pre_tokenizer", splitter)):
        for name, plain in _PLAIN[where].items():
            if part.get(name) not in plain:
                raise ValueError(
                    f"{f'{where}.{name}'.strip('.')} is {shown(part.get(name))}, which would change the ids"
                )
    after = top.get("post_processor")
    if after is not None and _object(after, "'post_processor'").get("type") != "ByteLevel":
        raise ValueError(f"post_processor is {shown(after)}, which would change the ids")
    ids = _ids(_object(model.get("vocab"), "'model.vocab'"), top.get("added_tokens") or [])
    return ids, _merges(model.get("merges")), splitter.get("add_prefix_space") is not False


def _ids(vocabulary: dict, added: list) -> dict[str, int]:
    """Pieces and special tokens with their ids, which count from 0 without a hole."""
    ids = dict(vocabulary)
    if not isinstance(added, list):
        raise ValueError(f"'added_tokens' must be a list, found {shown(added)}")
    for token in added:
        token = _object(token, "an added token")
        content = token.get("content")
        if token.get("special") is not True:
            raise ValueError(f"the added token {shown(content)} is not special, which would change the ids")
        if not isinstance(content, str) or ids.setdefault(content, token.get("id")) != token.get("id"):
            raise ValueError(f"the special token {shown(content)} has two ids")
    if len(ids) > MAX_PIECES:
        raise ValueError(f"it has {len(ids)} pieces, at most {MAX_PIECES} are accepted")
    for piece, number in ids.items():
        if len(piece) > MAX_PIECE:
            raise ValueError(f"a piece has {len(piece)} characters, at most {MAX_PIECE} are accepted")
        if type(number) is not int:
            raise ValueError(f"the id of {shown(piece)} must be a whole number, found {shown(number)}")
    if sorted(ids.values()) != list(range(len(ids))):
        raise ValueError(f"its {len(ids)} ids are not the numbers from 0 to {len(ids) - 1}")
    return ids


def _merges(merges) -> list[tuple[str, str]]:
    """Pairs from ``["a", "b"]`` or, in older files, ``"a b"``."""
    if not isinstance(merges, list):
        raise ValueError(f"'model.merges' must be a list, found {shown(merges)}")
    if len(merges) > MAX_PIECES:
        raise ValueError(f"it has {len(merges)} merges, at most {MAX_PIECES} are accepted")
    pairs = []
    for merge in merges:
        pair = merge.split(" ") if isinstance(merge, str) else merge
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(piece, str) for piece in pair):
            raise ValueError(f"a merge must be two pieces, found {shown(merge)}")
        pairs.append((pair[0], pair[1]))
    return pairs


def _object(value, what: str) -> dict:
    if not isinstance(value, dict):
        raise ValueError(f"{what} must be a JSON object, found {shown(value)}")
    return value
