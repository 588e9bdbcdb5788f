"""What every source of recordings yields, before anything is cleaned: items that are listed, takes that are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from backend.motion.bone_map import BoneMap
from backend.motion.motion import Motion

from ..caption_lines import CaptionLine

SPLITS = ("train", "val", "test")
"""how public data sets divide themselves"""


@dataclass(frozen=True)
class Terms:
    """Where recordings come from and what may be done with them."""

    title: str
    url: str
    licence: str


@dataclass(frozen=True)
class Item:
    """What is read at one go and fails alone. ``id`` is the same on every machine and unlike all others of its source;
    ``paths``: the files that it is made of, the one that a report names first."""

    id: str
    paths: tuple[Path, ...]


@dataclass(frozen=True)
class Skipped:
    """A take that is left out: its file and the reason, for people. ``passing``: something is missing that may be there
    next time, so a build that goes on tries again."""

    id: str
    path: Path
    reason: str
    passing: bool = False


@dataclass(frozen=True, eq=False)
class Rows:
    """Published feature rows: ``values`` (T, width) float32 of ``codec``, a name in ``backend.motion.features``."""

    codec: str
    values: np.ndarray


@dataclass(frozen=True, eq=False)
class Take:
    """One movement as its source has it: a raw ``motion`` on the source's own skeleton and rate, or ``rows``.

    ``bone_map`` None: the motion is on SMPL-22 or SMPL-X-52 already. ``label`` is what the source says was done, empty
    where it says nothing; ``captions`` are its sentences. ``split``: where the source divides itself. ``tpose_start``:
    the file begins in a T-pose by convention.
    """

    id: str
    source: str
    subject: str
    label: str
    motion: Motion | None = None
    bone_map: BoneMap | None = None
    rows: Rows | None = None
    captions: tuple[CaptionLine, ...] = ()
    split: str | None = None
    tpose_start: bool = False

    def __post_init__(self):
        if (self.motion is None) == (self.rows is None):
            raise ValueError(f"{self.id}: a take has either a motion or feature rows")
        if self.split is not None and self.split not in SPLITS:
            raise ValueError(f"{self.id}: a split is one of {', '.join(SPLITS)}, got {self.split!r}")


class Source(Protocol):
    """One folder of recordings in a known layout; a dataclass, because its fields are the settings of a build."""

    name: str
    terms: Terms
    together: int
    """how many items make one shard"""
    folder: Path

    def items(self) -> Iterator[Item]:
        """What there is, in an order that is the same on every machine, without reading the files; ValueError or
        FileNotFoundError where the folder is not of this layout."""

    def beside(self) -> Iterable[Path]:
        """Files that bear on every item and are not among its paths: lists, an index, body models. A build makes anew
        what was made before one of them changed."""

    def read(self, item: Item) -> Iterator[Take | Skipped]:
        """The takes of an item. ValueError (also as FormatError) or OSError: the item cannot be read."""
