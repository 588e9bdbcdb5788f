"""The captioned clips of any data set as codes of a trained motion tokenizer: what the language stages learn from."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from backend.motion.resample import resample
from backend.systems.vocabulary import FRAMES_PER_CODE
from training.coding import Coder, key_places, keyed, poses_of
from training.language.items import Item, Variant

from .index import Record
from .segments import seeded
from .store import DataSet

KEYS = 8
FRAMES = {"humanml263": (40, 196), "kit251": (24, 196), "motionx623": (40, 300)}
"""codec -> fewest and most frames of a motion (papers.md 1.6); from two codes on where it is another codec"""


def items_of(dataset: DataSet, split: str, coder: Coder, keys: int = KEYS) -> list[Item]:
    """An item for each stretch of a clip that captions are about: all of it, or the span of those that name one.

    ``keys``: poses of it, beside the first and the last, that are encoded by themselves; 0 leaves poses the codes that
    they have in the motion, as MotionGPT has it. ValueError where the set's skeleton is not the tokenizer's, or nothing
    in the split has a caption.
    """
    kept = dataset.representation
    if kept.kind != coder.codec.kind:
        raise ValueError(f"the tokenizer reads motions of {coder.codec.kind}, {dataset.folder} keeps {kept.kind}")
    items = [item for record in dataset.of(split) if record.captions for item in _items(dataset, record, coder, keys)]
    if not items:
        raise ValueError(
            f"{dataset.folder} has no captions in its split {split!r}: build it from a source with captions "
            "(the starter's sentences are put to its clips by training.recipes.starter)"
        )
    return items


def _items(dataset: DataSet, record: Record, coder: Coder, keys: int) -> list[Item]:
    low, high = FRAMES.get(coder.codec.name, (2 * FRAMES_PER_CODE, None))
    rows = _rows(dataset, record, coder)
    items = []
    for (start, stop), captions in _stretches(record, float(coder.codec.fps), len(rows)).items():
        if stop - start >= low:
            (codes,) = coder.codes([rows[start:stop][:high]])
            own = _keys(dataset, record, coder, start, len(next(iter(codes.values()))), keys) if keys else None
            items.append(Item(captions, [Variant(codes, own)]))
    return items


def _rows(dataset: DataSet, record: Record, coder: Coder) -> np.ndarray:
    """A whole clip (T, D) as the tokenizer reads it."""
    if dataset.representation.codec is coder.codec:
        return dataset.arrays(record)["rows"]
    return coder.codec.encode(resample(dataset.motion(record), coder.codec.fps))


def _stretches(record: Record, fps: float, count: int) -> dict[tuple[int, int], list[str]]:
    """(first frame, end) -> what is said of it."""
    out = defaultdict(list)
    for line in record.captions:
        span = line.frames(fps, count)
        out[span.start, span.stop].append(line.caption)
    return out


def _keys(dataset: DataSet, record: Record, coder: Coder, start: int, count: int, keys: int) -> np.ndarray | None:
    """The codes (count,) that poses have by themselves, UNKNOWN at other places; None of a tokenizer that has none."""
    rng = seeded(f"{record.id} {start}")
    places = key_places(count, keys, rng)
    poses = poses_of(resample(dataset.motion(record), coder.codec.fps), places, rng, start)
    return keyed(count, places, *coder.keys([poses]))
