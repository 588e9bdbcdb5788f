"""Many names in one sentence."""

from __future__ import annotations

from collections.abc import Iterable

_MOST = 4


def some(names: Iterable[str], most: int = _MOST) -> str:
    """The first ``most`` of the names, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
