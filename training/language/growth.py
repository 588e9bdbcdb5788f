"""Whether a run still learns: a loss that has grown tenfold tells of broken weights."""

from __future__ import annotations

import math

GROWTH = 10
"""a loss so many times the lowest one has diverged"""
FLOOR = 0.1
"""nats a target; below that, one batch may well have ten times the loss of another"""


def grown(loss: float, lowest: float) -> bool:
    """Whether a mean loss is no number, or far above the lowest so far (infinite where there is none)."""
    return not math.isfinite(loss) or loss > GROWTH * max(lowest, FLOOR)
