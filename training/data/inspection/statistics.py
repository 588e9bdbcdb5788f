"""What a data set holds in numbers: clips, hours, lengths, captions, words, subjects, and what was left out and why."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import PurePath

from ..caption_lines import CaptionLine
from ..index import KNOWN_SPLITS, LeftOut, Record

LENGTHS = (1.0, 2.0, 4.0, 6.0, 8.0, 10.0)
"""seconds: a clip belongs to the first of these that it does not exceed (HumanML3D's longest last exactly 10 s), else
to one class more"""
_DIFFERING = (
    # an apostrophe inside a word opens nothing
    (re.compile(r"(?<!\w)'[^']*'(?!\w)|\"[^\"]*\""), "'…'"),
    (re.compile(r"(?<![\w.…])(?:/|[A-Za-z]:\\)[^\s:,;()'\"]+"), "…"),
    # the 3 of O3DE and the 8 of UTF-8 are no numbers
    (re.compile(r"(?<![\w.-])[-+]?\d+(?:[.,]\d+)*(?:e[-+]?\d+)?(?![\w-])"), "#"),
)
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


@dataclass
class Share:
    """A part of the data set."""

    clips: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Reason:
    """Why things were left out: ``pattern`` without the files' names and what differs between them, how many, their
    ``files``, each once, and as an ``example`` the first file with what was said of it."""

    source: str
    pattern: str
    count: int
    files: tuple[str, ...]
    example: str


@dataclass
class Statistics:
    """``shares``: (source, split) -> Share. ``lengths``: clips in each class of ``LENGTHS`` and above. ``captions``:
    captions a clip -> clips. ``words``: word -> occurrences, most frequent first. ``without_caption``: ids of clips.
    ``beside_the_clip``: ids of clips with a caption about seconds that they do not have. ``subjects``: source/subject,
    "" where it is not known -> clips. ``skipped``: what was left out."""

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
    skipped: tuple[LeftOut, ...] = ()

    @property
    def once(self) -> list[str]:
        """The words that occur once, where misspellings gather."""
        return sorted(word for word, count in self.words.items() if count == 1)

    def in_order(self) -> list[tuple[tuple[str, str], Share]]:
        """The shares by source, then split."""
        return sorted(self.shares.items(), key=lambda pair: (pair[0][0], KNOWN_SPLITS.index(pair[0][1])))

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
            "skipped": [asdict(entry) for entry in self.skipped],
        }


def length_names() -> list[str]:
    """The classes of ``LENGTHS``: "0-1", ..., ">10"."""
    edges = [0.0, *LENGTHS]
    return [f"{a:g}-{b:g}" for a, b in zip(edges, edges[1:])] + [f">{edges[-1]:g}"]


def measure(records: Iterable[Record], fps: Fraction, skipped: Iterable[LeftOut] = ()) -> Statistics:
    """The statistics of a data set's records at ``fps`` and of its list of what was left out."""
    found = Statistics(skipped=tuple(skipped))
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
    found = []
    for (source, pattern), entries in grouped.items():
        # where all say the same, it is told with its numbers
        said = list(dict.fromkeys(map(_unnamed, entries)))
        files = tuple(dict.fromkeys(entry.file or entry.id for entry in entries))
        told = said[0] if len(said) == 1 else pattern
        found.append(Reason(source, told, len(entries), files, f"{files[0]}: {said[0]}"))
    return sorted(found, key=lambda r: (-r.count, r.source, r.pattern))


def _unnamed(entry: LeftOut) -> str:
    """The reason without the file's name before it."""
    name = PurePath(entry.file).name
    return re.sub(rf"^(?:\S*[/\\])?{re.escape(name)}(?:: |, )", "", entry.reason) if name else entry.reason


def _pattern(entry: LeftOut) -> str:
    """The reason without what differs from file to file: names and paths, what is quoted, numbers that stand alone."""
    said = _unnamed(entry)
    path = PurePath(entry.file)
    if path.stem:  # also of the files beside it, such as 01.asf beside 01_01.amc
        said = re.sub(rf"(?<![\w/])(?:[^\s'\":/]*/)*{re.escape(path.stem)}\.\w+", "…", said)
    for name in filter(_telling, (entry.id, path.stem)):
        said = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "…", said)
    for what, mark in _DIFFERING:
        said = what.sub(mark, said)
    return said


def _telling(name: str) -> bool:
    """Whether a name can be no word or number of a sentence: "walk" and "12" may be, "13_01" is not."""
    return bool(re.search(r"[^\W\d]", name) and re.search(r"[\W\d_]", name))
