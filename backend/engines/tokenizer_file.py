"""Reading the ``tokenizer.json`` of a byte-level BPE. It may come from elsewhere: its size is bounded, and a setting
that would give other ids than ours is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

from ..bundles.bundle import BundleError, named, shown

MAX_BYTES = 8 * 2**20
MAX_PIECES = 2**18
MAX_PIECE = 1024  # characters
T = TypeVar("T")

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


class Parts(NamedTuple):
    """What a byte-level BPE is made from."""

    ids: dict[str, int]
    """of the pieces and of the special tokens"""
    merges: list[tuple[str, str]]
    """pairs of pieces, the first to be joined first"""
    prefix_space: bool
    """whether a space is put before every text"""
    specials: frozenset[str]


def read(path: Path, make: Callable[[Parts], T]) -> T:
    """``make`` of what the file holds; BundleError says what is wrong with it, what it wants that is not done here, or
    why ``make`` raised ValueError."""
    where = named(path.parent, path.name)
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise ValueError(f"it is larger than the accepted {MAX_BYTES} bytes")
        return make(_checked(json.loads(data)))
    except OSError as error:
        raise BundleError(f"{where} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{where} is not a usable text tokenizer: {error}") from error


def _checked(data) -> Parts:
    """Out of a parsed file; ValueError names the field that does not fit."""
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
    added = top.get("added_tokens") or []
    ids = _ids(_object(model.get("vocab"), "'model.vocab'"), added)
    specials = frozenset(token["content"] for token in added)
    return Parts(ids, _merges(model.get("merges")), splitter.get("add_prefix_space") is not False, specials)


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
