"""What a data set holds in numbers: clips, hours, lengths, captions, words, subjects, and what was left out and why."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import PurePath

from ..caption_lines import CaptionLine
from ..index import SPLITS, LeftOut, Record

LENGTHS = (1.0, 2.0, 4.0, 6.0, 8.0, 10.0)
"""seconds: a clip belongs to the first of these that it does not exceed (HumanML3D's longest last exactly 10 s), else
to one class more"""
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


@dataclass
class Share:
    """A part of the data set."""

    clips: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Reason:
    """Why things were left out: ``pattern`` without names and numbers, how many, and the first one as it was said."""

    source: str
    pattern: str
    count: int
    example: str


@dataclass
class Statistics:
    """``shares``: (source, split) -> Share. ``lengths``: clips in each class of ``LENGTHS`` and above. ``captions``:
    captions a clip -> clips. ``words``: word -> occurrences, most frequent first. ``without_caption``: ids of clips.
    ``beside_the_clip``: ids of clips with a caption about seconds that they do not have. ``subjects``: source/subject,
    "" where it is not known -> clips."""

    clips: int = 0
    frames: int = 0
    seconds: float = 0.0
    shares: dict[tuple[str, str], Share] = field(default_factory=lambda: defaultdict(Share))
    lengths: list[int] = field(default_factory=lambda: [0] * (len(LENGTHS) + 1))
    captions: Counter[int] = field(default_factory=Counter)
    words: Counter[str] = field(default_factory=Counter)
    without_caption: list[str] = field(default_factory=list)
    beside_the_clip: list[str] = field(default_factory=list)
    subjects: Counter[str] = field(default_factory=Counter)
    skipped: list[Reason] = field(default_factory=list)

    @property
    def once(self) -> list[str]:
        """The words that occur once, where misspellings gather."""
        return sorted(word for word, count in self.words.items() if count == 1)

    def in_order(self) -> list[tuple[tuple[str, str], Share]]:
        """The shares by source, then split."""
        return sorted(self.shares.items(), key=lambda pair: (pair[0][0], SPLITS.index(pair[0][1])))

    def to_dict(self) -> dict:
        """The same for JSON."""
        return {
            "clips": self.clips,
            "frames": self.frames,
            "hours": self.seconds / 3600,
            "shares": [
                {"source": source, "split": split, "clips": share.clips, "hours": share.seconds / 3600}
                for (source, split), share in self.in_order()
            ],
            "lengths": [{"seconds": name, "clips": n} for name, n in zip(length_names(), self.lengths)],
            "captions_a_clip": [{"captions": n, "clips": clips} for n, clips in sorted(self.captions.items())],
            "vocabulary": len(self.words),
            "words": dict(self.words.most_common()),
            "words_once": len(self.once),
            "clips_without_caption": self.without_caption,
            "clips_with_a_caption_beside_them": self.beside_the_clip,
            "subjects": dict(self.subjects.most_common()),
            "skipped": [
                {"source": r.source, "reason": r.pattern, "count": r.count, "example": r.example} for r in self.skipped
            ],
        }


def length_names() -> list[str]:
    """The classes of ``LENGTHS``: "0-1", ..., ">10"."""
    edges = [0.0, *LENGTHS]
    return [f"{a:g}-{b:g}" for a, b in zip(edges, edges[1:])] + [f">{edges[-1]:g}"]


def measure(records: Iterable[Record], fps: Fraction, skipped: Iterable[LeftOut] = ()) -> Statistics:
    """The statistics of a data set's records at ``fps`` and of its list of what was left out."""
    found = Statistics(skipped=reasons(skipped))
    words = Counter()
    for record in records:
        seconds = record.frames / fps
        found.clips += 1
        found.frames += record.frames
        found.seconds += float(seconds)
        share = found.shares[record.source, record.split]
        share.clips += 1
        share.seconds += float(seconds)
        found.lengths[sum(seconds > edge for edge in LENGTHS)] += 1
        # two sources may both have a subject 01
        found.subjects[f"{record.source}/{record.subject}" if record.subject else ""] += 1
        found.captions[len(record.captions)] += 1
        if not record.captions:
            found.without_caption.append(record.id)
        if not all(_about(caption, fps, record.frames) for caption in record.captions):
            found.beside_the_clip.append(record.id)
        for caption in record.captions:
            words.update(words_of(caption.caption))
    found.words = Counter(dict(sorted(words.items(), key=lambda pair: (-pair[1], pair[0]))))
    return found


def words_of(caption: str) -> list[str]:
    """The words of a sentence in small letters, as they are written: no lemmas, they differ from tagger to tagger."""
    return _WORD.findall(caption.lower())


def _about(caption: CaptionLine, fps: Fraction, frames: int) -> bool:
    """Whether the caption speaks about any frame of a clip of so many ``frames``."""
    try:
        caption.frames(float(fps), frames)
    except ValueError:
        return False
    return True


def reasons(skipped: Iterable[LeftOut]) -> list[Reason]:
    """What was left out by source and reason, the most frequent first."""
    grouped = defaultdict(list)
    for entry in skipped:
        grouped[entry.source, _pattern(entry)].append(entry)
    found = [
        Reason(source, pattern, len(entries), _named(entries[0])) for (source, pattern), entries in grouped.items()
    ]
    return sorted(found, key=lambda r: (-r.count, r.source, r.pattern))


def _named(entry: LeftOut) -> str:
    """The reason with the file that it is about."""
    return entry.reason if entry.file in entry.reason else f"{entry.file}: {entry.reason}"


def _pattern(entry: LeftOut) -> str:
    """The reason without what differs from file to file: its name, what is quoted, numbers."""
    said = entry.reason
    for name in filter(None, (entry.file, PurePath(entry.file).name, PurePath(entry.file).stem, entry.id)):
        said = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "…", said)
    said = re.sub(r"'[^']*'|\"[^\"]*\"", "'…'", said)
    return re.sub(r"[-+]?\d[\d.,]*\d|\d", "#", said)
