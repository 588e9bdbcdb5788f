"""Our captioned clips as a folder in HumanML3D's own format, which T2M, MDM, MLD, MotionGPT and others train on.

=============================  =======================================================================================
file                           content
=============================  =======================================================================================
new_joint_vecs/ID.npy          rows (T, 263) float32, 20 a second, of T + 1 frames
new_joints/ID.npy              the joint positions (T, 22, 3) that are in the rows, metres, float32
texts/ID.txt                   sentences with their words
train.txt, val.txt, test.txt   IDs; also train_val.txt, all.txt
Mean.npy, Std.npy              (263,) float32 over all rows, mirrored ones too; Std is averaged in each block
index.csv                      what every unmirrored clip was cut from
README.md                      what this is, whose recordings they are and on what terms
=============================  =======================================================================================
"""

from __future__ import annotations

import csv
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from backend.motion.features import humanml263
from backend.motion.features.codec import CODECS
from backend.motion.mirror import mirror
from backend.motion.motion import Motion
from backend.motion.resample import resample

from . import caption_lines
from .caption_lines import CaptionLine
from .captions.grammar import swap_sides
from .captions.words import tokens
from .clip import Clip
from .representation import RATE
from .row_statistics import statistics
from .sources.humanml3d_index import COLUMNS
from .sources.take import SPLITS, Terms
from .whole_folder import check_replaceable, written_whole

_log = logging.getLogger(__name__)
SHORTEST, LONGEST = 40, 199
"""rows: readers of the format leave out what is shorter or longer"""
TITLE = "# Motions exported by Posewright in HumanML3D's format"
_FOLDERS = ("new_joint_vecs", "new_joints", "texts")
_LISTS = {**{split: (split,) for split in SPLITS}, "train_val": ("train", "val"), "all": SPLITS}
_FILES = {*_FOLDERS, *(f"{name}.txt" for name in _LISTS), "Mean.npy", "Std.npy", "index.csv", "README.md"}
# splits.json keeps two kinds of test apart
_SPLIT_OF = {"test_trials": "test", "test_subjects": "test"}


@dataclass(frozen=True, eq=False)
class Entry:
    """A clip to write: ``motion`` on SMPL-22, frames ``start`` to ``end`` of the recording ``source`` ("cmu/01/01_01").
    A ``mirrored`` one comes right after the clip that it mirrors and shares its number."""

    source: str
    start: int
    end: int
    motion: Motion
    captions: Sequence[CaptionLine]
    split: str
    mirrored: bool = False


@dataclass(frozen=True)
class Exported:
    """What was written: clips (``mirrored`` of them mirrored), rows, and how many clips readers will leave out."""

    clips: int
    mirrored: int
    rows: int
    short: int
    long: int

    def __str__(self) -> str:
        hours = self.rows / float(humanml263.FPS) / 3600.0
        return (
            f"{self.clips} clips, {self.mirrored} of them mirrored, {hours:.2f} h; readers of the format leave out "
            f"{self.short} shorter than {SHORTEST} rows and {self.long} longer than {LONGEST}"
        )


def export_clips(clips: Iterable[Clip], records: Iterable[dict], folder: Path, terms: Mapping[str, Terms]) -> Exported:
    """Write what is said of ``clips`` (SMPL-22), each with its mirror, to ``folder`` as ``export`` does: the segments
    that ``records`` (captions.json) has of a clip, else the whole clip with its own sentences. ``terms``: by source."""
    segments: dict[str, list[dict]] = {}
    for record in records:
        segments.setdefault(record["clip"], []).append(record)
    clips = list(clips)
    others = [clip.id for clip in clips if not _fits(clip, segments.get(clip.id, ()))]
    if others:
        _log.warning("captions.json was written for other recordings of %d clips (%s ...)", len(others), others[0])
    segments = {name: found for name, found in segments.items() if name not in others}
    clips = [clip for clip in clips if clip.captions or clip.id in segments]
    if not clips:
        raise ValueError("none of the clips has a caption")
    used = sorted({clip.source for clip in clips})
    entries = (entry for clip in clips for entry in _entries(clip, segments.get(clip.id, ())))
    return export(entries, folder, [terms[name] for name in used])


def _fits(clip: Clip, records: Sequence[dict]) -> bool:
    """Whether a clip has the frames that its records speak of."""
    return not records or (clip.motion.fps == RATE and max(r["end"] for r in records) <= len(clip.motion))


def _entries(clip: Clip, records: Sequence[dict]) -> Iterator[Entry]:
    source, motion = f"{clip.source}/{clip.subject}/{clip.id}", clip.motion
    for record in records:
        part = motion[record["start"] : record["end"]]
        yield Entry(
            source, record["start"], record["end"], mirror(part) if record["mirrored"] else part,
            [CaptionLine(sentence.lower()) for sentence in record["sentences"]],
            _SPLIT_OF.get(record["split"], record["split"]), record["mirrored"],
        )  # fmt: skip
    if clip.captions and not records:
        split = _SPLIT_OF.get(clip.split, clip.split)
        yield Entry(source, 0, len(motion), motion, clip.captions, split)
        other = [replace(caption, caption=swap_sides(caption.caption), words=()) for caption in clip.captions]
        yield Entry(source, 0, len(motion), mirror(motion), other, split, mirrored=True)


def export(entries: Iterable[Entry], folder: Path, terms: Sequence[Terms]) -> Exported:
    """Write ``entries`` to ``folder`` whole or not at all, holding one in memory at a time. An earlier export there is
    replaced; ValueError for a folder with anything else in it, and for an entry that does not fit."""
    check_replaceable(folder, _FILES, "README.md", TITLE)
    with written_whole(folder) as unfinished:
        return _write(entries, unfinished, terms)


def _write(entries: Iterable[Entry], folder: Path, terms: Sequence[Terms]) -> Exported:
    for name in _FOLDERS:
        (folder / name).mkdir(parents=True)
    splits: dict[str, str] = {}
    lengths: list[int] = []
    with open(folder / "index.csv", "w", encoding="utf-8", newline="") as file:
        index = csv.writer(file, lineterminator="\n")
        index.writerow(COLUMNS)
        for clip, entry in _numbered(entries):
            lengths.append(_write_clip(folder, clip, entry))
            splits[clip] = entry.split
            if not entry.mirrored:
                index.writerow((entry.source, entry.start, entry.end, f"{clip}.npy"))
    if not splits:
        raise ValueError("there is no clip to export")
    for name, parts in _LISTS.items():
        ids = sorted(clip for clip, split in splits.items() if split in parts)
        (folder / f"{name}.txt").write_text("".join(f"{clip}\n" for clip in ids), encoding="utf-8", newline="\n")
    rows = (np.load(folder / "new_joint_vecs" / f"{clip}.npy", allow_pickle=False) for clip in splits)
    for name, values in zip(("Mean", "Std"), statistics(CODECS[humanml263.NAME], rows)):
        np.save(folder / f"{name}.npy", values)
    exported = Exported(
        len(splits), sum(clip.startswith("M") for clip in splits), sum(lengths),
        sum(n < SHORTEST for n in lengths), sum(n > LONGEST for n in lengths),
    )  # fmt: skip
    (folder / "README.md").write_text(_readme(exported, terms), encoding="utf-8", newline="\n")
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


def _write_clip(folder: Path, clip: str, entry: Entry) -> int:
    """The three files of a clip; returns its number of rows."""
    try:
        rows = humanml263.encode(resample(entry.motion, humanml263.FPS))
        captions = [_with_words(caption) for caption in entry.captions]
        caption_lines.write(folder / "texts" / f"{clip}.txt", captions)
    except ValueError as reason:
        raise ValueError(f"{entry.source}, frames {entry.start} to {entry.end}: {reason}") from reason
    np.save(folder / "new_joint_vecs" / f"{clip}.npy", rows)
    # as in the public files: what the rows say, so that both have one length
    np.save(folder / "new_joints" / f"{clip}.npy", humanml263.decode_positions(rows).astype(np.float32))
    return len(rows)


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
not its own. index.csv says of which recording every clip is and which of its frames.

## Sources and their terms

{sources}
"""
