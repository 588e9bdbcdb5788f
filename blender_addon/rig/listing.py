"""Many names in one sentence."""

from __future__ import annotations

from collections.abc import Iterable

_MOST = 4


def some(names: Iterable[str]) -> str:
    """The first of the names, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ", ".join(names[:_MOST]) + more
