"""What a published file becomes, before it is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch


@dataclass(frozen=True)
class Options:
    """What belongs to a published file and is not in it."""

    tokenizer: Path | None = None
    """folder with the tokenizer.json of the language model's text"""
    tokenizer_bundle: Path | None = None
    """bundle with the motion tokenizer whose codes it writes"""


NOTHING = Options()


@dataclass(frozen=True, eq=False)
class Imported:
    """The parts of a folder, each by file name: ``tensors`` by name, ``documents`` (JSON), and what is ``copied``
    (bytes, or where they lie)."""

    tensors: Mapping[str, Mapping[str, torch.Tensor]]
    licence: str
    """what is known of it, and whose conditions the training data bring along"""
    features: Mapping
    """codec, fps, name and fingerprint of the normalisation"""
    left_out: tuple[str, ...] = ()
    """what the file held beside them, in words"""
    documents: Mapping[str, Mapping] = field(default_factory=dict)
    copied: Mapping[str, bytes | Path] = field(default_factory=dict)
    bundle: Mapping = field(default_factory=dict)
    """what ``bundle.json`` says, but for source and files"""
    note: str = ""
    """what whoever uses it must know"""


@dataclass(frozen=True)
class Kind:
    """A kind of published file."""

    most_bytes: int
    """accepted of a file"""
    convert: Callable[[Mapping, Options], Imported]
    """from what the file holds; ValueError says what does not fit"""
    recognises: Callable[[Mapping], bool]
    """whether a file seems to be one, for the error of another kind"""
    needs: Mapping[str, str] = field(default_factory=dict)
    """option -> what it is for and where to get it"""
    bundle: bool = True
    """whether it becomes a bundle; else a folder with ``import.json``"""


def about(name: str, licence: str, data: str) -> dict:
    """What ``bundle.json`` asks whoever trained a bundle, for one that others published."""
    return {
        "name": name, "version": "published", "licence": licence, "training_data": [data], "acknowledgement": "",
        "metrics": {},
    }  # fmt: skip


def others(found: Mapping, used: tuple[str, ...]) -> tuple[str, ...]:
    """The entries of a checkpoint beside ``used`` (optimiser states, counters), as ``left_out`` has them."""
    return tuple(repr(str(name)[:60])[1:-1] for name in found if name not in used)


def listed(found: Mapping) -> str:
    """The first entries of a checkpoint, for an error."""
    names = others(found, ())
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "") or "nothing"
