"""Which clips are looked at: those that are named, or some of every source and within it of different labels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from ..index import Record


def named(records: Sequence[Record], names: Sequence[str]) -> list[Record]:
    """The records that these names mean, in their order and each once: an id, or ``source/id`` where sources share one.
    ValueError names what is not there."""
    known = defaultdict(list)
    for record in records:
        known[record.id].append(record)
        known[f"{record.source}/{record.id}"].append(record)
    missing = [name for name in names if name not in known]
    if missing:
        raise ValueError(f"none of the {len(records)} clips of this data set is {' or '.join(map(repr, missing[:5]))}")
    found = {(record.source, record.id): record for name in names for record in known[name]}
    return list(found.values())


def spread(records: Iterable[Record], count: int) -> list[Record]:
    """At most ``count`` records, for the same set the same: the sources take turns; of a source, labels that lie evenly
    in their alphabet, and several clips of a label only where there are fewer labels."""
    sources = defaultdict(list)
    for record in sorted(records, key=lambda r: (r.source, r.label, r.id)):
        sources[record.source].append(record)
    shares = _shares([len(s) for s in sources.values()], count)
    chosen = [_even(_one_a_label(s, share), share) for s, share in zip(sources.values(), shares)]
    return [part[k] for k in range(max(shares, default=0)) for part in chosen if k < len(part)]


def _shares(sizes: Sequence[int], count: int) -> list[int]:
    """``count`` dealt out one by one in turns, nobody given more than its size."""
    shares = [0] * len(sizes)
    left = min(count, sum(sizes))
    while left:
        for k, size in enumerate(sizes):
            if left and shares[k] < size:
                shares[k] += 1
                left -= 1
    return shares


def _one_a_label(records: list[Record], wanted: int) -> list[Record]:
    """The first record of every label; all records when that is fewer than ``wanted``."""
    first = {}
    for record in records:
        first.setdefault(record.label, record)
    return list(first.values()) if len(first) >= wanted else records


def _even(records: Sequence[Record], count: int) -> list[Record]:
    """``count`` of the records at even distances, none twice."""
    return [records[(2 * k + 1) * len(records) // (2 * count)] for k in range(count)]
