"""The statistics of a data set as plain text in aligned columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..index import Index
from ..representation import representation
from .plain_text import printable
from .statistics import Share, Statistics, length_names, reasons

_BAR = 40
_EXAMPLES = 5
_FREQUENT = 30
_CLASSES = 12
_SUBJECTS = 8
_REASONS = 20
_FILES = 3
_WIDTH = 116
# they lead every list of frequent words and say nothing about what is done
_SMALL_WORDS = {
    "a", "an", "and", "are", "as", "at", "be", "before", "by", "for", "from", "he", "her", "his", "in", "into", "is",
    "it", "its", "man", "of", "off", "on", "or", "out", "over", "person", "she", "someone", "that", "the", "their",
    "them", "then", "they", "this", "to", "up", "while", "with", "woman",
}  # fmt: skip


def heading(name: str, index: Index) -> str:
    """What the data set is, and its sources with their terms."""
    what = representation(index.representation)
    lines = [f"{printable(name)}: {what.name} on {what.kind}, {float(what.fps):g} frames a second"]
    for origin in index.sources:
        terms = f"{origin.items:,} items from {origin.title}, {origin.url} ({origin.licence})"
        lines.append(f"  {printable(origin.name, 30)}: {printable(terms, 1000)}")
    return "\n".join(lines)


def report(found: Statistics) -> str:
    """All of it, a part after the other with an empty line between."""
    parts = [_shares(found), _lengths(found), _captions(found), _words(found), _subjects(found), _skipped(found)]
    return "\n\n".join(part for part in parts if part)


def columns(rows: Sequence[Sequence[str]], left: int) -> list[str]:
    """Rows of cells as lines: the first ``left`` columns to the left, the others to the right."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows)]
    lines = []
    for row in rows:
        cells = [c.ljust(w) if k < left else c.rjust(w) for k, (c, w) in enumerate(zip(row, widths))]
        lines.append("  ".join(cells).rstrip())
    return lines


def _shares(found: Statistics) -> str:
    rows = [("source", "split", "clips", "hours")]
    for (source, split), share in found.in_order():
        rows.append((printable(source, 30), split, *_amounts(share)))
    if len(rows) > 2:
        rows.append(("all", "", *_amounts(Share(found.clips, found.seconds))))
    return "\n".join(columns(rows, left=2))


def _amounts(share: Share) -> tuple[str, str]:
    return f"{share.clips:,}", f"{share.seconds / 3600:.3f}"


def _lengths(found: Statistics) -> str:
    most = max(found.lengths)
    rows = [("seconds", "clips")] + [(name, f"{n:,}") for name, n in zip(length_names(), found.lengths)]
    bars = ["", *("#" * (-(-n * _BAR // most) if most else 0) for n in found.lengths)]
    return "\n".join(f"{line}  {bar}".rstrip() for line, bar in zip(columns(rows, left=0), bars))


def _captions(found: Statistics) -> str:
    sentences = sum(n * clips for n, clips in found.captions.items())
    classes = sorted(found.captions.items())
    each = ", ".join(f"{n}: {clips:,}" for n, clips in classes[:_CLASSES]) + " …" * (len(classes) > _CLASSES)
    lines = [f"captions: {sentences:,}", f"clips by how many captions they have: {each or '-'}"]
    for ids, what in (
        (found.without_caption, "without a caption"),
        (found.beside_the_clip, "with a caption about seconds that they do not have"),
    ):
        if ids:
            lines.append(f"clips {what}: {len(ids):,} ({_some(ids)})")
    return "\n".join(lines)


def _words(found: Statistics) -> str:
    if not found.words:
        return ""
    frequent = [(w, n) for w, n in found.words.most_common() if w not in _SMALL_WORDS][:_FREQUENT]
    lines = [f"words: {found.words.total():,}, {len(found.words):,} different; the most frequent but for small ones"]
    lines += _flowing([f"{printable(w, 30)} {n:,}" for w, n in frequent])
    if once := found.once:
        lines.append(f"words that occur once: {len(once):,} ({_some(once, 12)})")
    return "\n".join(lines)


def _flowing(items: Sequence[str]) -> list[str]:
    """Items side by side in lines of equal columns."""
    if not items:
        return []
    width = max(map(len, items)) + 2
    across = max(1, _WIDTH // width)
    return [
        ("  " + "".join(item.ljust(width) for item in items[k : k + across])).rstrip()
        for k in range(0, len(items), across)
    ]


def _subjects(found: Statistics) -> str:
    named = Counter({s: n for s, n in found.subjects.items() if s})
    told = f"subjects: {len(named):,}"
    if named:
        told += " (clips: " + ", ".join(f"{printable(s, 30)} {n:,}" for s, n in named.most_common(_SUBJECTS))
        told += " …)" if len(named) > _SUBJECTS else ")"
    return told + (f"; clips without one: {found.subjects['']:,}" if found.subjects[""] else "")


def _skipped(found: Statistics) -> str:
    why = reasons(found.skipped)
    lines = [f"left out: {len(found.skipped):,}" + (" (--json FILE lists each)" if found.skipped else "")]
    for reason in why[:_REASONS]:
        lines.append(f"  {reason.count:,}  {printable(reason.source, 30)}: {printable(reason.pattern)}")
        lines.append(f"     {_some(reason.files, _FILES, 100)}")
    if len(why) > _REASONS:
        lines.append(f"  and {len(why) - _REASONS:,} more reasons")
    return "\n".join(lines)


def _some(names: Sequence[str], most: int = _EXAMPLES, long: int = 40) -> str:
    return ", ".join(printable(n, long) for n in names[:most]) + (" …" if len(names) > most else "")
