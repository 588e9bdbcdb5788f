"""The processes that make the chunks of a build: they end with it, and one that dies costs the file that it read."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path

from .chunk import Chunk, Journal, attempted, finished, make

Progress = Callable[[int, int, int], None]
"""called now and then: items done, items in all, takes left out so far"""
_LOOK = 0.2  # seconds between two looks at how far it is
_counter = None  # in a worker: how many items all of them have read


class _Count:
    """How far a build is."""

    def __init__(self, chunks: Sequence[Chunk], shared, progress: Progress | None):
        self.total = sum(len(chunk.items) for chunk in chunks)
        self.kept, self.left, self.shared, self.progress = 0, 0, shared, progress

    def tell(self) -> None:
        if self.progress:
            self.progress(min(self.total, self.kept + self.shared.value), self.total, self.left)


def make_all(work: Path, chunks: Sequence[Chunk], workers: int, progress: Progress | None) -> dict[str, Journal]:
    """The journal of every chunk by name; those that an earlier run finished are kept."""
    # spawned, not forked: a reader may have started threads, and bpy and torch do not survive a fork
    context = multiprocessing.get_context("spawn")
    counted = _Count(chunks, context.Value("q", 0), progress)
    journals: dict[str, Journal] = {}
    for chunk in chunks:
        journal = finished(work, chunk)
        if journal:
            journals[chunk.name] = journal
            counted.kept += len(chunk.items)
            counted.left += len(journal.skipped)
    counted.tell()
    waiting = [chunk for chunk in chunks if chunk.name not in journals]
    try:
        _together(work, waiting, workers, context, counted, journals)
    except BrokenProcessPool:  # one process died, and took with it what the others were at
        for chunk in waiting:
            if chunk.name not in journals:
                journals[chunk.name] = _alone(work, chunk, context, counted)
    except BaseException:  # stopped by its user, or a disk that is full: nobody waits for what is in hand
        for process in multiprocessing.active_children():
            process.terminate()
            process.join()
        raise
    return journals


def _together(work: Path, chunks: Sequence[Chunk], workers: int, context, counted: _Count, journals: dict) -> None:
    if not chunks:
        return
    pool = ProcessPoolExecutor(min(workers, len(chunks)), context, _begin, (counted.shared,))
    try:
        running = {pool.submit(make_counted, work, chunk): chunk for chunk in chunks}
        while running:
            done, _ = wait(running, timeout=_LOOK, return_when=FIRST_COMPLETED)
            for future in done:
                journal = future.result()
                journals[running.pop(future).name] = journal
                counted.left += len(journal.skipped)
            counted.tell()
    finally:
        pool.shutdown(wait=not running, cancel_futures=True)


def _alone(work: Path, chunk: Chunk, context, counted: _Count) -> Journal:
    """A chunk in a process of its own, begun again without the item on which that process dies."""
    while True:
        try:
            with ProcessPoolExecutor(1, context, _begin, (counted.shared,)) as pool:
                journal = pool.submit(make_counted, work, chunk).result()
            counted.left += len(journal.skipped)
            counted.tell()
            return journal
        except BrokenProcessPool:
            item = attempted(work, chunk)
            if item is None or item in chunk.fatal:
                raise
            chunk = replace(chunk, fatal=(*chunk.fatal, item))


def make_counted(work: Path, chunk: Chunk) -> Journal:
    """``chunk.make`` in a worker."""
    return make(work, chunk, _read_one)


def _read_one() -> None:
    with _counter.get_lock():
        _counter.value += 1


def _begin(counter) -> None:
    """What a worker does first: it ends when its parent does, however that ends, and leaves Ctrl-C to it."""
    global _counter
    _counter = counter
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)
