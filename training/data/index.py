"""``index.json`` of a data set: what it is (representation, skeleton, rate), where it comes from and on what terms, a
record a clip (split, captions, which frames of which shard), every shard's sha256, what was left out and why."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from . import caption_lines
from .caption_lines import CaptionLine
from .representation import representation

VERSION = 1
FILE = "index.json"
SPLITS = ("train", "val", "test", "test_trials", "test_subjects")
_MOST_BYTES = 2**30
_MOST_FRAMES = 2**31


class StoreError(ValueError):
    """A folder that is no data set, or whose index does not add up; the message names it."""


@dataclass(frozen=True)
class Record:
    """One clip: ``frames`` frames from ``start`` on in shard number ``shard``."""

    id: str
    source: str
    subject: str
    label: str
    split: str
    shard: int
    start: int
    frames: int
    captions: tuple[CaptionLine, ...] = ()

    def to_dict(self) -> dict:
        return asdict(self) | {"captions": [caption_lines.line(c) for c in self.captions]}

    @classmethod
    def from_dict(cls, d: dict) -> Record:
        captions = tuple(caption_lines.parse(line) for line in d["captions"])
        texts = {name: str(d[name]) for name in ("id", "source", "subject", "label", "split")}
        numbers = {name: int(d[name]) for name in ("shard", "start", "frames")}
        return cls(**texts, **numbers, captions=captions)


@dataclass(frozen=True)
class ShardEntry:
    """A shard's file name, its sha256 and its number of frames."""

    file: str
    sha256: str
    frames: int


@dataclass(frozen=True)
class Origin:
    """A source and its terms; ``items`` were listed."""

    name: str
    title: str
    url: str
    licence: str
    items: int


@dataclass(frozen=True)
class LeftOut:
    """What was listed but is not in the set."""

    source: str
    id: str
    file: str
    reason: str


@dataclass(frozen=True)
class Index:
    """What ``index.json`` holds. ``normalisation`` (rows only): mean and deviation of the training split."""

    representation: str
    sources: tuple[Origin, ...]
    shards: tuple[ShardEntry, ...]
    records: tuple[Record, ...]
    skipped: tuple[LeftOut, ...] = ()
    normalisation: dict | None = None

    def to_dict(self) -> dict:
        what = representation(self.representation)
        plain = asdict(self) | {"records": [r.to_dict() for r in self.records]}
        return {"version": VERSION, "skeleton": what.kind, "fps": str(what.fps)} | plain

    @classmethod
    def from_dict(cls, d: dict) -> Index:
        if d.get("version") != VERSION:
            raise ValueError(f"has version {d.get('version')!r}; this build reads version {VERSION}")
        return cls(
            str(d["representation"]),
            tuple(Origin(**o) for o in d["sources"]),
            tuple(ShardEntry(**s) for s in d["shards"]),
            tuple(Record.from_dict(r) for r in d["records"]),
            tuple(LeftOut(**s) for s in d["skipped"]),
            d.get("normalisation"),
        )


def read(folder: Path) -> Index:
    """The index of ``folder``; FileNotFoundError says how to build a set, StoreError what is wrong with this one."""
    path = folder / FILE
    if not path.is_file():
        raise FileNotFoundError(
            f"{folder} holds no data set ({FILE}); build one: python -m training data build {folder} --cmu DIR ..."
        )
    if path.stat().st_size > _MOST_BYTES:
        raise StoreError(f"{path} is larger than the accepted {_MOST_BYTES:,} bytes")
    try:
        index = Index.from_dict(json.loads(path.read_text(encoding="utf-8")))
        _check(index)
    except KeyError as error:
        raise StoreError(f"{path} lacks {error}") from error
    except (ValueError, TypeError) as error:  # also JSON's and UTF-8's own errors
        raise StoreError(f"{path}: {error}") from error
    return index


def _check(index: Index) -> None:
    representation(index.representation)
    for shard in index.shards:
        if Path(shard.file).name != shard.file or not 0 < shard.frames < _MOST_FRAMES:
            raise ValueError(f"shard {shard.file!r} of {shard.frames} frames is not one of this folder")
    seen = set()
    for record in index.records:
        if not 0 <= record.shard < len(index.shards):
            raise ValueError(f"{record.id}: there is no shard {record.shard}")
        whole = index.shards[record.shard].frames
        if record.start < 0 or record.frames < 1 or record.start + record.frames > whole:
            raise ValueError(f"{record.id}: its frames lie outside its shard of {whole}")
        if record.split not in SPLITS:
            raise ValueError(f"{record.id}: unknown split {record.split!r}; known: {', '.join(SPLITS)}")
        if (record.source, record.id) in seen:
            raise ValueError(f"{record.id} is there twice")
        seen.add((record.source, record.id))


def write(folder: Path, index: Index) -> None:
    """Write ``index.json``, one record a line so that a diff shows which clips changed."""
    plain = index.to_dict()
    lists = {name: plain.pop(name) for name in ("records", "skipped")}
    head = json.dumps(plain, ensure_ascii=False, sort_keys=True, indent=1).removesuffix("\n}")
    for name, rows in lists.items():
        lines = ",\n".join("  " + json.dumps(row, ensure_ascii=False, sort_keys=True) for row in rows)
        head += f',\n "{name}": [\n{lines}\n ]' if rows else f',\n "{name}": []'
    unfinished = folder / (FILE + ".part")
    unfinished.write_text(head + "\n}\n", encoding="utf-8")
    os.replace(unfinished, folder / FILE)
