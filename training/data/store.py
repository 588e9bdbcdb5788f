"""An open data set: its index is in memory, frames come from the shards by memory map when they are asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from backend.motion.features.normalisation import Normalisation
from backend.motion.motion import Motion

from . import index as indices
from .clip import Clip
from .index import Index, Record, StoreError
from .representation import Representation, representation
from .shards import Shard, ShardError, sha256

DEFAULT = Path("data") / "starter"
"""where the data of the shipped weights lie, unless told otherwise"""
OPEN_SHARDS = 64


@dataclass(frozen=True, eq=False)
class DataSet:
    """An open data set."""

    folder: Path
    index: Index
    _open: dict[int, Shard] = field(default_factory=dict, repr=False)

    @property
    def records(self) -> tuple[Record, ...]:
        return self.index.records

    @cached_property
    def representation(self) -> Representation:
        return representation(self.index.representation)

    @cached_property
    def normalisation(self) -> Normalisation:
        """Mean and deviation of the training split's rows; StoreError when the set has none."""
        found = self.index.normalisation
        if found is None:
            raise StoreError(f"{self.folder} holds no normalisation: it keeps motions, or has no training clip")
        try:
            kept = Normalisation(self.folder.name, np.array(found["mean"], float), np.array(found["std"], float))
        except (*indices.DAMAGE, OverflowError) as error:
            raise StoreError(f"{self.folder}: its normalisation is damaged ({error})") from error
        if kept.fingerprint != found.get("fingerprint") or len(kept.mean) != self.representation.codec.width:
            raise StoreError(f"{self.folder}: its normalisation is not the one that was measured; build the set again")
        return kept

    def of(self, *splits: str) -> list[Record]:
        """The records of these splits."""
        return [r for r in self.records if r.split in splits]

    def seconds(self, record: Record) -> float:
        return float(record.frames / self.representation.fps)

    def arrays(self, record: Record, start: int = 0, stop: int | None = None) -> dict[str, np.ndarray]:
        """The arrays (T, ...) of a clip, or of its frames ``start`` to ``stop``."""
        stop = record.frames if stop is None else min(stop, record.frames)
        return self._shard(record.shard).read(record.start + start, record.start + stop)

    def motion(self, record: Record) -> Motion:
        """A clip as a Motion on its canonical skeleton; rows are decoded."""
        return self.representation.decode(self.arrays(record))

    def clips(self, *splits: str) -> list[Clip]:
        """The clips of these splits, all without any, in the order of the index."""
        chosen = self.of(*splits) if splits else self.records
        return [Clip(r.id, r.source, r.subject, r.label, self.motion(r), r.captions, r.split) for r in chosen]

    def verify(self) -> None:
        """Compare every shard with its sha256; ShardError names the first that differs."""
        for entry in self.index.shards:
            if sha256(self.folder / entry.file) != entry.sha256:
                raise ShardError(f"{self.folder / entry.file} is not the file that was built; build the data set again")

    def _shard(self, number: int) -> Shard:
        if number not in self._open:
            while len(self._open) >= OPEN_SHARDS:
                self._open.pop(next(iter(self._open)))
            entry = self.index.shards[number]
            self._open[number] = Shard(self.folder / entry.file, self.representation, entry.frames)
        return self._open[number]


def open_set(folder: Path) -> DataSet:
    """The data set in ``folder``; FileNotFoundError says how to build one, StoreError what is wrong with it."""
    folder = Path(folder)
    return DataSet(folder, indices.read(folder))
