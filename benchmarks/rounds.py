"""Timing side by side: the cases take turns, so that whatever slows the machine down slows all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping


def interleaved(cases: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds of every case in every round, after one round that is not counted. What a case returns is freed inside
    its own time."""
    seconds: dict[str, list[float]] = {name: [] for name in cases}
    for counted in [False] + [True] * rounds:
        for name, case in cases.items():
            began = time.perf_counter()
            case()
            if counted:
                seconds[name].append(time.perf_counter() - began)
    return seconds


def ratios(slow: list[float], fast: list[float]) -> list[float]:
    """How many times ``fast`` fits into ``slow``, every round compared with itself."""
    return [a / b for a, b in zip(slow, fast)]
