"""Progress, cancellation and time of a long request."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ..protocol import CancelledCall, ProgressCall
from .base import Cancelled


def teller(progress: ProgressCall, cancelled: CancelledCall) -> ProgressCall:
    """``progress`` that raises Cancelled once nobody wants the result any more."""

    def tell(stage: str, fraction: float):
        if cancelled():
            raise Cancelled
        progress(stage, fraction)

    return tell


def told(items: Sequence, tell: ProgressCall, stage: str, start: float, end: float) -> Iterator:
    """The items, progress told before each: it may raise, and a cancellation must not wait for all of them."""
    for i, item in enumerate(items):
        tell(stage, start + (end - start) * i / len(items))
        yield item


@dataclass
class Clock:
    """Seconds per stage, in the order of the stages."""

    seconds: dict[str, float] = field(default_factory=dict)
    _since: float = field(default_factory=time.perf_counter)

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._since
        self._since = now
