"""Batches of whole clips of about one length, so that little of a batch is padding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from .index import Record
from .store import DataSet


@dataclass(frozen=True)
class Bucketing:
    """How clips are put together."""

    frames: int = 6400
    """most frames of a batch, padding included; one clip that is longer is cut at a random place"""
    longest: int = 400
    """most frames that are taken of a clip; of a longer one each epoch draws another part"""
    shortest: int = 1
    """clips with fewer frames are left out"""
    multiple: int = 4
    """clips are cut to a multiple of so many frames: those that one motion code stands for"""
    spread: int = 32
    """clips are shuffled, and sorted by length within groups that fill about so many batches: larger groups waste less
    on padding and mix less"""
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Batch:
    """B clips side by side. ``records`` (B) says which clips, ``starts`` (B,) the frame of each clip from which its
    part was taken, ``lengths`` (B,) how many frames the part has. ``arrays``: name -> (B, T, ...), where a part shorter
    than T repeats its last frame to the end."""

    records: tuple[Record, ...]
    arrays: dict[str, np.ndarray]
    starts: np.ndarray
    lengths: np.ndarray

    @property
    def mask(self) -> np.ndarray:
        """(B, T) bool: True where a frame is the clip's own."""
        frames = next(iter(self.arrays.values())).shape[1]
        return np.arange(frames) < self.lengths[:, None]


@dataclass(frozen=True)
class Part:
    """Frames ``start`` to ``start + length`` of record number ``record``."""

    record: int
    start: int
    length: int


def plan(lengths: Sequence[int], config: Bucketing, epoch: int) -> list[list[Part]]:
    """The batches of one epoch over clips of these ``lengths``: every clip once, the same for the same seed and epoch.

    ValueError names the field when no clip fits.
    """
    rng = np.random.default_rng([config.seed, epoch])
    parts = []
    for number, length in enumerate(lengths):
        longest = min(length, config.longest, config.frames)
        taken = longest // config.multiple * config.multiple
        if length >= config.shortest and taken:
            parts.append(Part(number, int(rng.integers(length - taken + 1)), taken))
    if not parts:
        raise ValueError(f"no clip has the {max(config.shortest, config.multiple)} frames of `shortest` and `multiple`")
    order = rng.permutation(len(parts))
    mean = np.mean([part.length for part in parts])
    pool = max(1, round(config.spread * config.frames / mean))
    batches = []
    for start in range(0, len(order), pool):
        batches += _filled(sorted((parts[i] for i in order[start : start + pool]), key=lambda p: p.length), config)
    return [batches[i] for i in rng.permutation(len(batches))]


def _filled(parts: Sequence[Part], config: Bucketing) -> list[list[Part]]:
    """Parts sorted by length, cut into batches: each takes parts while their number times the longest is allowed."""
    batches: list[list[Part]] = [[]]
    for part in parts:
        if batches[-1] and (len(batches[-1]) + 1) * part.length > config.frames:
            batches.append([])
        batches[-1].append(part)
    return batches


def batches(dataset: DataSet, records: Sequence[Record], config: Bucketing, epoch: int) -> Iterator[Batch]:
    """One epoch over ``records`` of a data set."""
    for parts in plan([record.frames for record in records], config, epoch):
        chosen = tuple(records[part.record] for part in parts)
        read = [dataset.arrays(r, p.start, p.start + p.length) for r, p in zip(chosen, parts)]
        arrays = {name: _padded([one[name] for one in read]) for name in read[0]}
        starts, lengths = np.array([(part.start, part.length) for part in parts]).T
        yield Batch(chosen, arrays, starts, lengths)


def _padded(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Arrays (t, ...) stacked as (B, T, ...), T the longest t; shorter ones repeat their last frame."""
    longest = max(len(array) for array in arrays)
    index = [np.minimum(np.arange(longest), len(array) - 1) for array in arrays]
    return np.stack([array[i] for array, i in zip(arrays, index)])
