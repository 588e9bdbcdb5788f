"""`python -m training data build`: sources -> one data set on disk.

The work lies beside the set until it is whole (``NAME.building``), one shard and journal a chunk of items. A run that
was stopped goes on there: finished chunks whose files have not changed are kept. The same inputs give the same bytes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

from filelock import FileLock, Timeout

from . import index as indices
from .chunk import Chunk, Journal
from .index import Index, LeftOut, Origin, StoreError
from .representation import representation
from .row_statistics import describe
from .sources.take import Item, Source
from .store import DataSet, open_set
from .workers import Progress, make_all

LOCK = "lock"
_OURS = re.compile(r"([a-z0-9]+-\d{5}\.(safetensors|json|reading)|index\.json)(\.\d+\.part)?|lock")


def build(
    folder: Path, sources: Sequence[Source], form: str = "motion", workers: int = 1, progress: Progress | None = None
) -> DataSet:
    """Read all sources into the data set ``folder``; what cannot be read is in its index with the reason.

    ValueError: nothing to read, an unknown representation, ``folder`` is there already, or another build is at work on
    it. FileNotFoundError: a source's folder is missing.
    """
    folder = Path(folder)
    representation(form)
    if workers < 1:
        raise ValueError(f"workers must be 1 or more, got {workers}")
    if folder.exists():
        raise StoreError(f"{folder} is there already; delete it or give another name")
    sources = sorted(sources, key=lambda source: source.name)
    listed = {source.name: tuple(source.items()) for source in sources}
    chunks = [chunk for source in sources for chunk in _cut(source, listed[source.name], form)]
    if not chunks:
        raise ValueError(f"nothing to read in {', '.join(str(source.folder) for source in sources) or 'no source'}")
    work = _work_folder(folder)
    lock = FileLock(work / LOCK)
    try:
        with lock.acquire(timeout=0):
            journals = make_all(work, chunks, workers, progress)
            index = _joined(form, sources, listed, [journals[chunk.name] for chunk in chunks])
            if index.records:
                _finish(work, index)
            else:
                _sweep(work, ())
    except Timeout as error:
        raise StoreError(f"another build is at work on {folder}; wait for it or stop it") from error
    Path(lock.lock_file).unlink(missing_ok=True)
    if not index.records:
        work.rmdir()
        raise ValueError(f"no clip could be read: {_reasons(index.skipped)}")
    os.rename(work, folder)
    return open_set(folder)


def _work_folder(folder: Path) -> Path:
    """Where the work lies; StoreError when something else does."""
    work = folder.with_name(folder.name + ".building")
    foreign = [path.name for path in work.iterdir() if not _OURS.fullmatch(path.name)] if work.is_dir() else []
    if foreign or work.is_file():
        raise StoreError(f"{work} is needed for the work, but holds {(foreign or ['a file'])[0]!r}: move it away")
    work.mkdir(parents=True, exist_ok=True)
    return work


def _cut(source: Source, items: Sequence[Item], form: str) -> list[Chunk]:
    # a chunk must be the same whatever else is built, so its size is the source's own
    return [
        Chunk(f"{source.name}-{number:05}", source, tuple(items[start : start + source.together]), form)
        for number, start in zip(count(), range(0, len(items), source.together))
    ]


def _finish(work: Path, index: Index) -> None:
    """The index beside its shards, and nothing else."""
    _sweep(work, {shard.file for shard in index.shards})
    indices.write(work, index)
    normalisation = describe(open_set(work))
    if normalisation:
        indices.write(work, replace(index, normalisation=normalisation))


def _sweep(work: Path, keep) -> None:
    """Take away journals, and shards of an earlier run with other items."""
    for path in work.iterdir():
        if path.name not in keep and path.name != LOCK:
            path.unlink()


def _joined(form: str, sources: Sequence[Source], listed: dict, journals: Sequence[Journal]) -> Index:
    """One index of all chunks; an id that two chunks have stays with the first."""
    shards, records, skipped, seen = [], [], [], set()
    for journal in journals:
        skipped += journal.skipped
        for record in journal.records:
            if (record.source, record.id) in seen:
                reason = "another take of this source has the same id"
                skipped.append(LeftOut(record.source, record.id, journal.shard.file, reason))
                continue
            seen.add((record.source, record.id))
            records.append(replace(record, shard=len(shards)))
        if journal.shard:
            shards.append(journal.shard)
    origins = [Origin(s.name, s.terms.title, s.terms.url, s.terms.licence, len(listed[s.name])) for s in sources]
    return Index(form, tuple(origins), tuple(shards), tuple(records), tuple(skipped))


def _reasons(skipped: Sequence[LeftOut]) -> str:
    first = "; ".join(f"{left.file}: {left.reason}" for left in skipped[:3])
    return first + (f"; and {len(skipped) - 3} more" if len(skipped) > 3 else "")


def summary(dataset: DataSet) -> str:
    """Hours and counts per source, for the end of a build."""
    lines = []
    for origin in dataset.index.sources:
        mine = [r for r in dataset.records if r.source == origin.name]
        left = sum(s.source == origin.name for s in dataset.index.skipped)
        hours = sum(dataset.seconds(r) for r in mine) / 3600
        lines.append(f"{origin.name}: {len(mine)} clips, {hours:.2f} h, of {origin.items} items; {left} left out")
    return "\n".join(lines)
