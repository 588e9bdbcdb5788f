"""What a published file becomes, before it is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch


@dataclass(frozen=True, eq=False)
class Imported:
    """The parts of a folder: ``tensors`` by file name and name, ``documents`` (JSON) by file name."""

    tensors: Mapping[str, Mapping[str, torch.Tensor]]
    licence: str
    """what is known of it, and whose conditions the training data bring along"""
    facts: Mapping[str, object]
    """what ``import.json`` says beside source, licence and files"""
    documents: Mapping[str, Mapping] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    """what the file held beside them, in words"""


@dataclass(frozen=True)
class Kind:
    """A kind of published file."""

    most_bytes: int
    """accepted of a file"""
    files: tuple[str, ...]
    """what the folder holds afterwards, beside ``import.json``"""
    convert: Callable[[Mapping], Imported]
    """from what the file holds; ValueError says what does not fit"""
    recognises: Callable[[Mapping], bool]
    """whether a file seems to be one, for the error of another kind"""


def others(found: Mapping, used: tuple[str, ...]) -> tuple[str, ...]:
    """The entries of a checkpoint beside ``used`` (optimiser states, counters), as ``left_out`` has them."""
    return tuple(repr(str(name)[:60])[1:-1] for name in found if name not in used)


def listed(found: Mapping) -> str:
    """The first entries of a checkpoint, for an error."""
    names = others(found, ())
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "") or "nothing"
