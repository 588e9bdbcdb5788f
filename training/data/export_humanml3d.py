"""Our captioned clips as a folder in HumanML3D's own format, which T2M, MDM, MLD, MotionGPT and others train on.

=============================  =======================================================================================
file                           content
=============================  =======================================================================================
new_joint_vecs/ID.npy          rows (T, 263) float32, 20 a second, of T + 1 frames
new_joints/ID.npy              the joint positions (T, 22, 3) that are in the rows, metres, float32
texts/ID.txt                   sentences with their words
train.txt, val.txt, test.txt   IDs; also train_val.txt, all.txt
Mean.npy, Std.npy              (263,) float32 over all rows, mirrored ones too; Std is averaged in each block
index.csv                      what every unmirrored clip was cut from, in frames at 20 fps
README.md                      what this is, whose recordings they are and on what terms
=============================  =======================================================================================
"""

from __future__ import annotations

import csv
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

import numpy as np

from backend.motion.features import humanml263
from backend.motion.features.codec import CODECS
from backend.motion.hands import without_hands
from backend.motion.mirror import mirror
from backend.motion.motion import Motion
from backend.motion.resample import resample

from . import caption_lines
from .caption_lines import CaptionLine
from .captions.grammar import swap_sides
from .captions.words import is_known, tokens
from .index import Record
from .representation import RATE
from .row_statistics import statistics
from .sources.humanml3d_index import COLUMNS
from .sources.take import SPLITS, Terms
from .store import DataSet
from .whole_folder import check_replaceable, written_whole

_log = logging.getLogger(__name__)
SHORTEST, LONGEST = 40, 199
"""rows: readers of the format leave out what is shorter or longer"""
TITLE = "# Motions exported by Posewright in HumanML3D's format"
_REASONS = 3
_MIRRORED = re.compile(r"(?P<folder>(?:.*/)?)M(?P<number>\d+)")
_FOLDERS = ("new_joint_vecs", "new_joints", "texts")
_LISTS = {**{split: (split,) for split in SPLITS}, "train_val": ("train", "val"), "all": SPLITS}
_FILES = {*_FOLDERS, *(f"{name}.txt" for name in _LISTS), "Mean.npy", "Std.npy", "index.csv", "README.md"}
# splits.json keeps two kinds of test apart
_SPLIT_OF = {"test_trials": "test", "test_subjects": "test"}


@dataclass(frozen=True, eq=False)
class Entry:
    """A clip to write: frames ``start`` to ``end`` of the recording ``source`` ("cmu/01/01_01"; its first part is a
    name in the data set's sources), which ``motion`` gives when asked, on SMPL-22 or SMPL-X-52, at any rate.
    A ``mirrored`` one comes right after the clip that it mirrors and shares its number. ``misspelt``: sentences that
    are not among ``captions`` because of their spelling."""

    source: str
    start: int
    end: int
    motion: Callable[[], Motion]
    captions: Sequence[CaptionLine]
    split: str
    mirrored: bool = False
    misspelt: int = 0


@dataclass(frozen=True)
class Exported:
    """What was written: clips (``mirrored`` of them mirrored), rows, and how many clips readers will leave out;
    ``left_out``: how many could not be written, with the first ``reasons``; ``misspelt``: sentences left out."""

    clips: int
    mirrored: int
    rows: int
    short: int
    long: int
    left_out: int = 0
    reasons: tuple[str, ...] = ()
    misspelt: int = 0

    def __str__(self) -> str:
        hours = self.rows / float(humanml263.FPS) / 3600.0
        return (
            f"{self.clips} clips, {self.mirrored} of them mirrored, {hours:.2f} h; readers of the format leave out "
            f"{self.short} shorter than {SHORTEST} rows and {self.long} longer than {LONGEST}; {self.misspelt} "
            f"misspelt sentences and {self.left_out} clips were left out"
            + "".join(f"\n  {reason}" for reason in self.reasons)
        )


def export_clips(dataset: DataSet, captioned: Iterable[dict], folder: Path) -> Exported:
    """Write what is said of the clips of a data set, each with its mirror, to ``folder`` as ``export`` does: the
    segments that ``captioned`` (captions.json) has of a clip, else the whole clip with its own sentences. A clip that
    has its mirror in the set keeps that one."""
    dataset.verify()  # a damaged shard is one error, not as many clips left out
    terms = {origin.name: Terms(origin.title, origin.url, origin.licence) for origin in dataset.index.sources}
    segments = _segments(dataset, captioned)
    records = [record for record in dataset.records if record.captions or _key(record) in segments]
    if not records:
        raise ValueError("none of the clips has a caption")
    unknown = {record.source for record in records} - terms.keys()
    if unknown:
        raise ValueError(f"{dataset.folder} does not say on what terms {min(unknown)} is; build the data set again")
    return export(_entries(dataset, records, segments), folder, terms)


def _segments(dataset: DataSet, captioned: Iterable[dict]) -> dict[tuple[str, str], list[dict]]:
    """Source and ID of a clip -> what captions.json has of it, where the clip is the recording that it speaks of."""
    said: dict[str, list[dict]] = {}
    for segment in captioned:
        said.setdefault(segment["clip"], []).append(segment)
    there, rate = [record for record in dataset.records if record.id in said], dataset.representation.fps
    # a clip at another rate or without these frames is another recording
    others = {_key(r) for r in there if rate != RATE or max(s["end"] for s in said[r.id]) > r.frames}
    if others:
        _log.warning("captions.json was written for other recordings of %d clips (%s ...)", len(others), min(others)[1])
    return {_key(record): said[record.id] for record in there if _key(record) not in others}


def _entries(
    dataset: DataSet, records: Sequence[Record], segments: Mapping[tuple[str, str], list[dict]]
) -> Iterator[Entry]:
    twins = _twins(records)
    copies = set(map(_key, twins.values()))
    for record in records:
        key = _key(record)
        if key in segments:
            yield from _parts(dataset, record, segments[key])
        elif key not in copies:
            yield from _whole(dataset, record, twins.get(key))


def _key(record: Record) -> tuple[str, str]:
    return record.source, record.id


def _twins(records: Sequence[Record]) -> dict[tuple[str, str], Record]:
    """Source and ID of a clip -> its mirror in the set, as HumanML3D and KIT-ML name it: "M000123" of "000123"."""
    known, found = set(map(_key, records)), {}
    for record in records:
        named = _MIRRORED.fullmatch(record.id)
        if named and (original := (record.source, named["folder"] + named["number"])) in known:
            found[original] = record
    return found


def _parts(dataset: DataSet, record: Record, segments: Iterable[dict]) -> Iterator[Entry]:
    whole = cache(partial(dataset.motion, record))
    for segment in segments:
        sentences = [sentence.lower() for sentence in segment["sentences"]]
        known = [sentence for sentence in sentences if is_known(sentence)] or sentences
        yield Entry(
            _source(record), segment["start"], segment["end"], partial(_part, whole, segment),
            [CaptionLine(sentence) for sentence in known], _split(segment["split"]), segment["mirrored"],
            len(sentences) - len(known),
        )  # fmt: skip


def _part(whole: Callable[[], Motion], segment: dict) -> Motion:
    part = whole()[segment["start"] : segment["end"]]
    return mirror(part) if segment["mirrored"] else part


def _whole(dataset: DataSet, record: Record, twin: Record | None) -> Iterator[Entry]:
    motion = cache(partial(dataset.motion, record))
    entry = Entry(_source(record), 0, record.frames, motion, record.captions, _split(record.split))
    yield entry
    if twin:
        yield replace(entry, motion=partial(dataset.motion, twin), captions=twin.captions, mirrored=True)
    else:
        other = [replace(caption, caption=swap_sides(caption.caption), words=()) for caption in record.captions]
        yield replace(entry, motion=lambda: mirror(motion()), captions=other, mirrored=True)


def _source(record: Record) -> str:
    return f"{record.source}/{record.subject}/{record.id}"


def _split(name: str) -> str:
    return _SPLIT_OF.get(name, name)


def export(entries: Iterable[Entry], folder: Path, terms: Mapping[str, Terms]) -> Exported:
    """Write ``entries`` to ``folder`` whole or not at all, holding one motion in memory at a time; ``terms`` by the
    first part of an entry's source. What cannot be described is left out and counted. An earlier export there is
    replaced; ValueError for a folder with anything else in it, for mirrored clips out of place, and for nothing left.
    """
    check_replaceable(folder, _FILES, "README.md", TITLE)
    with written_whole(folder) as unfinished:
        return _write(entries, unfinished, terms)


def _write(entries: Iterable[Entry], folder: Path, terms: Mapping[str, Terms]) -> Exported:
    for name in _FOLDERS:
        (folder / name).mkdir(parents=True)
    splits: dict[str, str] = {}
    lengths: list[int] = []
    used: set[str] = set()
    left_out: list[str] = []
    misspelt = 0
    with open(folder / "index.csv", "w", encoding="utf-8", newline="") as file:
        index = csv.writer(file, lineterminator="\n")
        index.writerow(COLUMNS)
        for clip, entry in _numbered(entries):
            try:
                if entry.mirrored and clip[1:] not in splits:
                    raise ValueError("the clip that it mirrors is left out")
                start, length = _write_clip(folder, clip, entry)
            except ValueError as reason:
                left_out.append(f"{entry.source}, frames {entry.start} to {entry.end}: {reason}")
                continue
            lengths.append(length)
            splits[clip] = entry.split
            used.add(entry.source.split("/")[0])
            misspelt += entry.misspelt
            if not entry.mirrored:
                # a row looks at the next frame, so there is one frame more
                index.writerow((entry.source, start, start + length + 1, f"{clip}.npy"))
    if not splits:
        raise ValueError(f"there is no clip to export{''.join(f'; {reason}' for reason in left_out[:_REASONS])}")
    for name, parts in _LISTS.items():
        ids = sorted(clip for clip, split in splits.items() if split in parts)
        (folder / f"{name}.txt").write_text("".join(f"{clip}\n" for clip in ids), encoding="utf-8", newline="\n")
    rows = (np.load(folder / "new_joint_vecs" / f"{clip}.npy", allow_pickle=False) for clip in splits)
    for name, values in zip(("Mean", "Std"), statistics(CODECS[humanml263.NAME], rows)):
        np.save(folder / f"{name}.npy", values)
    exported = Exported(
        len(splits), sum(clip.startswith("M") for clip in splits), sum(lengths),
        sum(n < SHORTEST for n in lengths), sum(n > LONGEST for n in lengths),
        len(left_out), tuple(left_out[:_REASONS]), misspelt,
    )  # fmt: skip
    readme = _readme(exported, [terms[name] for name in sorted(used)])
    (folder / "README.md").write_text(readme, encoding="utf-8", newline="\n")
    return exported


def _numbered(entries: Iterable[Entry]) -> Iterator[tuple[str, Entry]]:
    """Each entry with its ID: six digits, for a mirrored one M and those of the entry before it."""
    number, before = -1, None
    for entry in entries:
        if entry.split not in SPLITS:
            raise ValueError(f"{entry.source}: a split is one of {', '.join(SPLITS)}, got {entry.split!r}")
        if not entry.mirrored:
            number += 1
        elif before is None or before.mirrored or _cut(before) != _cut(entry):
            raise ValueError(f"{entry.source}: a mirrored clip comes right after the clip that it mirrors")
        yield ("M" if entry.mirrored else "") + f"{number:06d}", entry
        before = entry


def _cut(entry: Entry) -> tuple:
    return entry.source, entry.start, entry.end, entry.split


def _write_clip(folder: Path, clip: str, entry: Entry) -> tuple[int, int]:
    """The three files of a clip; returns its first frame at 20 fps, the nearest one, and its number of rows."""
    motion = entry.motion()
    rows = humanml263.encode(without_hands(resample(motion, humanml263.FPS)))
    # as in the public files: what the rows say, so that both have one length
    joints = humanml263.decode_positions(rows).astype(np.float32)
    caption_lines.write(folder / "texts" / f"{clip}.txt", [_with_words(caption) for caption in entry.captions])
    np.save(folder / "new_joint_vecs" / f"{clip}.npy", rows)
    np.save(folder / "new_joints" / f"{clip}.npy", joints)
    return round(entry.start * humanml263.FPS / motion.fps), len(rows)


def _with_words(caption: CaptionLine) -> CaptionLine:
    """Readers take every line to have a word."""
    words = caption.words or tokens(caption.caption)
    if not words:
        raise ValueError(f"the caption {caption.caption[:60]!r} has no word")
    return replace(caption, words=words)


def _readme(exported: Exported, terms: Sequence[Terms]) -> str:
    sources = "\n".join(f"* {t.title} ({t.url}): {t.licence}" for t in terms)
    return f"""{TITLE}

{exported}.

The files are laid out as HumanML3D's (https://github.com/EricGuo5513/HumanML3D); the motions and the sentences are
not its own unless it is named below. index.csv says of which clip of the exported data set every clip here is
(source/subject/clip) and which of its frames, 20 a second, to the nearest one. They count from where that clip begins:
the recording as the data set keeps it, cleaned (what it begins with in a T-pose and what lies behind a break is cut
off), not the raw file.

Sentences of Posewright's own captions with a word that its lexicon does not know are left out where a clip has others:
a part of those captions has slips of the keyboard on purpose, which are for training alone. A slip that makes another
known word may remain.

## Sources and their terms

The terms travel with the files: whoever reads or passes on this folder finds them here and nowhere else in it.

{sources}
"""
