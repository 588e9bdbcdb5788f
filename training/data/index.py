"""``index.json`` of a data set: what it is (representation, skeleton, rate), where it comes from and on what terms, a
record a clip (split, captions, which frames of which shard), every shard's sha256, what was left out and why."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from backend.motion.formats.text import write_bytes

from . import caption_lines
from .caption_lines import CaptionLine
from .representation import representation
from .sources.take import SPLITS

VERSION = 1
FILE = "index.json"
KNOWN_SPLITS = (*SPLITS, "test_trials", "test_subjects")
_MOST_BYTES = 2**30
_MOST_FRAMES = 2**31
_SHARD = re.compile(r"[a-z0-9-]{1,64}\.safetensors")
DAMAGE = (ValueError, KeyError, TypeError, RecursionError)
"""what a file that is no index of ours may provoke while it is read"""


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
        captions = tuple(caption_lines.parse(_text(line, "a caption")) for line in d["captions"])
        texts = {name: _text(d[name], name) for name in ("id", "source", "subject", "label", "split")}
        numbers = {name: _count(d[name], name) for name in ("shard", "start", "frames")}
        return cls(**texts, **numbers, captions=captions)


@dataclass(frozen=True)
class ShardEntry:
    """A shard's file name, its sha256 and its number of frames."""

    file: str
    sha256: str
    frames: int

    @classmethod
    def from_dict(cls, d: dict) -> ShardEntry:
        file, frames = _text(d["file"], "file"), _count(d["frames"], "frames")
        if not _SHARD.fullmatch(file) or not frames:
            raise ValueError(f"shard {file[:60]!r} of {frames} frames is not one of a data set's")
        return cls(file, _text(d["sha256"], "sha256"), frames)


@dataclass(frozen=True)
class Origin:
    """A source and its terms; ``items`` were listed."""

    name: str
    title: str
    url: str
    licence: str
    items: int

    @classmethod
    def from_dict(cls, d: dict) -> Origin:
        texts = (_text(d[name], name) for name in ("name", "title", "url", "licence"))
        return cls(*texts, _count(d["items"], "items"))


@dataclass(frozen=True)
class LeftOut:
    """What was listed but is not in the set."""

    source: str
    id: str
    file: str
    reason: str

    @classmethod
    def from_dict(cls, d: dict) -> LeftOut:
        return cls(*(_text(d[name], name) for name in ("source", "id", "file", "reason")))


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
        version = d.get("version") if isinstance(d, dict) else None
        if version != VERSION:
            raise ValueError(f"has version {version!r}; this build reads version {VERSION}")
        return cls(
            _text(d["representation"], "representation"),
            tuple(Origin.from_dict(o) for o in d["sources"]),
            tuple(ShardEntry.from_dict(s) for s in d["shards"]),
            tuple(Record.from_dict(r) for r in d["records"]),
            tuple(LeftOut.from_dict(s) for s in d["skipped"]),
            d.get("normalisation"),
        )


def _text(value, name: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} must be text, got {str(value)[:60]}")
    return value


def _count(value, name: str) -> int:
    if type(value) is not int or not 0 <= value < _MOST_FRAMES:
        raise ValueError(f"{name} must be a whole number from 0 on, got {str(value)[:60]}")
    return value


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
    except DAMAGE as error:  # also JSON's and UTF-8's own errors
        raise StoreError(f"{path}: {error}") from error
    return index


def _check(index: Index) -> None:
    representation(index.representation)
    seen = set()
    for record in index.records:
        if record.shard >= len(index.shards):
            raise ValueError(f"{record.id}: there is no shard {record.shard}")
        whole = index.shards[record.shard].frames
        if record.frames < 1 or record.start + record.frames > whole:
            raise ValueError(f"{record.id}: its frames lie outside its shard of {whole}")
        if record.split not in KNOWN_SPLITS:
            raise ValueError(f"{record.id}: unknown split {record.split!r}; known: {', '.join(KNOWN_SPLITS)}")
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
    write_bytes(folder / FILE, f"{head}\n}}\n".encode())
