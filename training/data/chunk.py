"""One chunk of a build: some items of one source become a shard and a journal of what is in it and what was left out.

A chunk depends on its items and settings alone, so chunks can be made by several processes, in any order, and again.
"""

from __future__ import annotations

import hashlib
import json
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import numpy as np

from backend.motion.formats.text import write_bytes

from . import phrases, preparing, shards, splits
from .index import DAMAGE, LeftOut, Record, ShardEntry
from .representation import Representation, representation
from .sources.take import Item, Skipped, Source, Take

FORMAT = 1
"""of journals and of what is done to a take; a new number makes every chunk anew"""


@dataclass(frozen=True)
class Chunk:
    """``name`` is unlike all others of the build; ``fatal``: items on which a reading process died before."""

    name: str
    source: Source
    items: tuple[Item, ...]
    representation: str
    fatal: tuple[str, ...] = ()

    def signature(self) -> str:
        """Changes when an item's files, what lies beside all items, the items or the settings do."""
        stated = [[item.id, [_stamp(path) for path in item.paths]] for item in self.items]
        beside = [_stamp(path) for path in (*self.source.beside(), phrases.FILE, splits.FILE)]
        settings = {f.name: str(getattr(self.source, f.name)) for f in fields(self.source) if f.init}
        text = json.dumps([FORMAT, self.source.name, settings, self.representation, stated, beside, self.fatal])
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Journal:
    """What came of a chunk; ``shard`` None: no clip. The records' shard number is given when all chunks are there.
    ``again``: what was left out may be readable next time."""

    signature: str
    shard: ShardEntry | None
    records: tuple[Record, ...]
    skipped: tuple[LeftOut, ...]
    again: bool

    def to_dict(self) -> dict:
        return asdict(self) | {"records": [r.to_dict() for r in self.records]}

    @classmethod
    def from_dict(cls, d: dict) -> Journal:
        return cls(
            str(d["signature"]),
            ShardEntry.from_dict(d["shard"]) if d["shard"] else None,
            tuple(Record.from_dict(r) for r in d["records"]),
            tuple(LeftOut.from_dict(s) for s in d["skipped"]),
            bool(d["again"]),
        )


def finished(folder: Path, chunk: Chunk) -> Journal | None:
    """The journal of a chunk that an earlier run made from the same files, or None."""
    path = folder / f"{chunk.name}.json"
    if not path.is_file():
        return None
    try:
        journal = Journal.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except DAMAGE:
        return None  # cut short or of another version: the chunk is made again
    if journal.again or journal.signature != chunk.signature():
        return None
    shard = journal.shard
    return journal if shard is None or _is_whole(folder / shard.file, shard.sha256) else None


def _is_whole(path: Path, digest: str) -> bool:
    """Whether a shard is what was written: a power cut can leave a name without all of its bytes."""
    return path.is_file() and shards.sha256(path) == digest


def attempted(folder: Path, chunk: Chunk) -> str | None:
    """Which item was being read when the process of this chunk died."""
    path = _attempt(folder, chunk)
    return path.read_text(encoding="utf-8") if path.is_file() else None


def make(folder: Path, chunk: Chunk, read_one: Callable[[], None] = lambda: None) -> Journal:
    """Read the chunk's items and write its shard and journal; ``read_one`` is called after each item."""
    signature = chunk.signature()
    form = representation(chunk.representation)
    clips, records, skipped, at, again = [], [], [], 0, False
    table = splits.load()
    for found in _read(folder, chunk, form, read_one):
        if isinstance(found, Skipped):
            file, reason = _within(chunk.source.folder, found.path), found.reason.replace(f"{chunk.source.folder}/", "")
            skipped.append(LeftOut(chunk.source.name, found.id, file, reason))
            again |= found.passing
            continue
        take, arrays = found
        frames = len(next(iter(arrays.values())))
        split = table.of(take)
        records.append(Record(take.id, take.source, take.subject, take.label, split, 0, at, frames, take.captions))
        clips.append(arrays)
        at += frames
    shard = None
    if clips:
        file = f"{chunk.name}.safetensors"
        shard = ShardEntry(file, shards.write(folder / file, clips), at)
    journal = Journal(signature, shard, tuple(records), tuple(skipped), again)
    write_bytes(folder / f"{chunk.name}.json", json.dumps(journal.to_dict()).encode())
    _attempt(folder, chunk).unlink(missing_ok=True)
    return journal


def _read(
    folder: Path, chunk: Chunk, form: Representation, read_one: Callable[[], None]
) -> Iterator[Skipped | tuple[Take, dict]]:
    """Every item with each of its clips and their arrays, or why there is none: one bad file costs itself alone."""
    words = phrases.read()
    for item in chunk.items:
        if item.id in chunk.fatal:
            yield Skipped(item.id, item.paths[0], "the process that read it died")
            continue
        write_bytes(_attempt(folder, chunk), item.id.encode())
        try:
            for take in chunk.source.read(item):
                yield take if isinstance(take, Skipped) else _encoded(take, item, form, words)
        except Exception as error:  # whatever a damaged file provokes: ten thousand others wait behind it
            yield Skipped(item.id, item.paths[0], _reason(error), passing=isinstance(error, OSError))
        read_one()


def _encoded(take: Take, item: Item, form: Representation, words: dict) -> Skipped | tuple[Take, dict]:
    try:
        if take.rows and form.codec and take.rows.codec == form.codec.name:
            # published rows are kept to the bit
            return take, {"rows": np.asarray(take.rows.values, np.float32)}
        motion, captions = preparing.prepare(take, form.kind, words)
        return replace(take, captions=captions), form.encode(motion)
    except ValueError as error:
        return Skipped(take.id, item.paths[0], str(error))


def _reason(error: Exception) -> str:
    """In words; with the place where it came from when no reader expected it."""
    if isinstance(error, (ValueError, OSError)):
        return " ".join(str(error).split())
    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} (unexpected, at {Path(where.filename).name}:{where.lineno}; please report)"


def _within(folder: Path, path: Path) -> str:
    """A file's place below its source's folder, the same on every machine."""
    try:
        return path.relative_to(folder).as_posix()
    except ValueError:
        return path.name


def _stamp(path: Path) -> list:
    try:
        found = path.stat()
    except OSError:
        return [path.name]
    return [path.name, found.st_size, found.st_mtime_ns]


def _attempt(folder: Path, chunk: Chunk) -> Path:
    return folder / f"{chunk.name}.reading"
