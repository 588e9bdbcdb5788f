"""Checks of numbers in settings, whose errors name the field."""

from __future__ import annotations

import math


def check(
    name: str, value: float, low: float = 0, high: float = math.inf, above: bool = False, below: bool = False
) -> None:
    """ValueError where ``value`` is not finite or not from ``low`` to ``high``; ``above`` and ``below`` leave out the
    ends themselves."""
    if math.isfinite(value) and low <= value <= high and not (above and value == low or below and value == high):
        return
    least = f"more than {low:g}" if above else f"{low:g} or more"
    if high < math.inf:
        least = f"from {low:g} to {'below ' if below else ''}{high:g}"
    raise ValueError(f"{name!r} must be {least}, got {value:g}")
