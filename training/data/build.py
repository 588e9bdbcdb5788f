"""`python -m training data build`: sources -> one data set on disk.

The work lies beside the set until it is whole (``NAME.building``), one shard and journal a chunk of items. A run that
was stopped goes on there: finished chunks whose files have not changed are kept. The same inputs give the same bytes.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from itertools import count
from multiprocessing import get_context
from pathlib import Path

from . import index as indices
from .chunk import Chunk, Journal, attempted, finished, make
from .index import Index, LeftOut, Origin, Record, StoreError
from .representation import representation
from .row_statistics import describe
from .sources.take import Item, Source
from .store import DataSet, open_set

ITEMS = 64
"""items a chunk, fixed: a chunk must be the same whatever else is built"""

Progress = Callable[[Journal, int, int], None]
"""called with every chunk's journal, how many items are done and how many there are"""


def build(
    folder: Path, sources: Sequence[Source], form: str = "motion", workers: int = 1, progress: Progress | None = None
) -> DataSet:
    """Read all sources into the data set ``folder``; what cannot be read is in its index with the reason.

    ValueError: nothing to read, an unknown representation, or ``folder`` is there already. FileNotFoundError: a
    source's folder is missing.
    """
    folder = Path(folder)
    representation(form)
    if folder.exists():
        raise StoreError(f"{folder} is there already; delete it or give another name")
    sources = sorted(sources, key=lambda source: source.name)
    listed = {source.name: tuple(source.items()) for source in sources}
    chunks = [chunk for source in sources for chunk in _cut(source, listed[source.name], form)]
    if not chunks:
        raise ValueError(f"nothing to read in {', '.join(str(source.folder) for source in sources) or 'no source'}")
    work = folder.with_name(folder.name + ".building")
    work.mkdir(parents=True, exist_ok=True)
    journals = _made(work, chunks, workers, progress)
    index = _joined(form, sources, listed, [journals[chunk.name] for chunk in chunks])
    if not index.records:
        raise ValueError(f"no clip could be read: {_reasons(index.skipped)}")
    _sweep(work, index)
    indices.write(work, index)
    normalisation = describe(open_set(work))
    if normalisation:
        indices.write(work, replace(index, normalisation=normalisation))
    os.rename(work, folder)
    return open_set(folder)


def _cut(source: Source, items: Sequence[Item], form: str) -> list[Chunk]:
    return [
        Chunk(f"{source.name}-{number:05}", source, tuple(items[start : start + ITEMS]), form)
        for number, start in zip(count(), range(0, len(items), ITEMS))
    ]


def _made(work: Path, chunks: Sequence[Chunk], workers: int, progress: Progress | None) -> dict[str, Journal]:
    """The journal of every chunk, by name."""
    journals: dict[str, Journal] = {}
    items = {chunk.name: len(chunk.items) for chunk in chunks}

    def done(chunk: Chunk, journal: Journal) -> None:
        journals[chunk.name] = journal
        if progress:
            progress(journal, sum(items[name] for name in journals), sum(items.values()))

    for chunk in chunks:
        journal = finished(work, chunk)
        if journal:
            done(chunk, journal)
    waiting = [chunk for chunk in chunks if chunk.name not in journals]
    # spawned, not forked: a reader may have started threads, and bpy and torch do not survive a fork
    context = get_context("spawn")
    try:
        with ProcessPoolExecutor(max(1, min(workers, len(waiting) or 1)), mp_context=context) as pool:
            running = {pool.submit(make, work, chunk): chunk for chunk in waiting}
            for future in as_completed(running):
                done(running[future], future.result())
    except BrokenProcessPool:  # one process died, and took with it what the others were at
        for chunk in [chunk for chunk in waiting if chunk.name not in journals]:
            done(chunk, _made_alone(work, chunk, context))
    return journals


def _made_alone(work: Path, chunk: Chunk, context) -> Journal:
    """A chunk in a process of its own, begun again without the item on which that process dies."""
    while True:
        try:
            with ProcessPoolExecutor(1, mp_context=context) as pool:
                return pool.submit(make, work, chunk).result()
        except BrokenProcessPool:
            item = attempted(work, chunk)
            if item is None or item in chunk.fatal:
                raise
            chunk = replace(chunk, fatal=(*chunk.fatal, item))


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


def _sweep(work: Path, index: Index) -> None:
    """Leave nothing but the index's shards: journals, and shards of an earlier run with other items."""
    keep = {shard.file for shard in index.shards}
    for path in work.iterdir():
        if path.name not in keep:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def summary(dataset: DataSet) -> str:
    """Hours and counts per source, for the end of a build."""
    lines = []
    for origin in dataset.index.sources:
        mine: list[Record] = [r for r in dataset.records if r.source == origin.name]
        left = sum(s.source == origin.name for s in dataset.index.skipped)
        hours = sum(dataset.seconds(r) for r in mine) / 3600
        lines.append(f"{origin.name}: {len(mine)} clips, {hours:.2f} h; {left} left out of {origin.items} items")
    return "\n".join(lines)
