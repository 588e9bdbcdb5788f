"""Work in steps: generators that yield the share that is done and return the result."""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor, wait

_WAIT = 0.005  # seconds


def finished(steps: Generator):
    """The result, worked out here and now."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def aside(work: Callable, *arguments) -> Generator[float, None, object]:
    """What ``work`` returns, from a thread of its own: only for work that never touches Blender."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(work, *arguments)
        while not future.done():
            wait([future], _WAIT)
            yield 0.0
    return future.result()
