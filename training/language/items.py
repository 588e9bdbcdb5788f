"""Captioned motions as codes, on disk one JSON line each:

{"captions": ["a person walks", ...], "variants": [{"codes": {"motion": [3, 1, ...]}, "keys": [-1, 7, ...]}, ...],
 "weight": 1.0}
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from backend.motion.formats.text import write_bytes

MOST = 2**16
"""no motion tokenizer has so many codes"""
UNKNOWN = -1
"""among ``Variant.keys``: the pose of that place was not encoded by itself"""


@dataclass(frozen=True, eq=False)
class Variant:
    """One coding of a motion, as it was recorded or shifted by some frames."""

    codes: dict[str, np.ndarray]
    """stream -> (N,)"""
    keys: np.ndarray | None = None
    """(N,): the code that one of each place's poses has as a key pose (``systems.key_poses``), or UNKNOWN"""

    def __len__(self) -> int:
        return len(next(iter(self.codes.values())))


@dataclass(frozen=True, eq=False)
class Item:
    """A stretch of motion with all that was said of it, and how often it is drawn."""

    captions: list[str]
    variants: list[Variant] = field(default_factory=list)
    weight: float = 1.0


def write(path: Path, items: Iterable[Item]) -> None:
    """All or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, "".join(json.dumps(plain(item)) + "\n" for item in items).encode())


def read(path: Path) -> list[Item]:
    """ValueError names the line that is no item."""
    items = []
    with Path(path).open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                items.append(_item(json.loads(line)))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise ValueError(f"{path}, line {number}: not captions and codes: {error}") from error
    if not items:
        raise ValueError(f"{path} holds no items")
    return items


def plain(item: Item) -> dict:
    """As JSON has it."""

    def variant(v: Variant) -> dict:
        codes = {stream: np.asarray(codes).tolist() for stream, codes in v.codes.items()}
        return {"codes": codes} | ({} if v.keys is None else {"keys": np.asarray(v.keys).tolist()})

    return {"captions": item.captions, "variants": [variant(v) for v in item.variants], "weight": item.weight}


def _item(d: dict) -> Item:
    captions, weight = d["captions"], d.get("weight", 1.0)
    if not (isinstance(captions, list) and captions and all(isinstance(c, str) for c in captions) and d["variants"]):
        raise ValueError("an item needs captions (a list of texts) and variants")
    if isinstance(weight, bool) or not (isinstance(weight, int | float) and math.isfinite(weight) and weight >= 0):
        raise ValueError(f"'weight' must be a number, 0 or more, got {weight!r}")
    return Item(captions, [_variant(v) for v in d["variants"]], float(weight))


def _variant(d: dict) -> Variant:
    codes = {stream: _codes(f"codes of {stream!r}", line, 0) for stream, line in d["codes"].items()}
    if not codes or len({len(c) for c in codes.values()}) != 1 or min(map(len, codes.values())) < 1:
        raise ValueError("the streams of a variant must have the same number of codes, 1 or more")
    keys = None if d.get("keys") is None else _codes("'keys'", d["keys"], UNKNOWN)
    count = len(next(iter(codes.values())))
    if keys is not None and len(keys) != count:
        raise ValueError(f"'keys' must be as many as the codes, {count}, got {len(keys)}")
    return Variant(codes, keys)


def _codes(name: str, line: object, low: int) -> np.ndarray:
    """(N,) from a list of whole numbers."""
    if not isinstance(line, list):
        raise ValueError(f"{name} must be a list, got {line!r}")
    for code in line:
        if type(code) is not int or not low <= code < MOST:  # a bool is an int too
            raise ValueError(f"{name} must be whole numbers from {low} to {MOST - 1}, got {code!r}")
    return np.array(line, np.int64)
