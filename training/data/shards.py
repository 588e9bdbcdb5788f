"""One shard of a data set: the frames of some clips one after the other in a safetensors file, read by memory map."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from backend.motion.formats.text import write_bytes

from .representation import Representation

BLOCK = 2**20
_TYPES = {"<i2": "I16", "<f4": "F32", "|u1": "U8"}
"""numpy's names to those of safetensors"""


class ShardError(ValueError):
    """A shard that is missing, damaged or not what the index says; the message names it."""


def write(path: Path, clips: Sequence[Mapping[str, np.ndarray]]) -> str:
    """Write the arrays (T, ...) of clips one after the other, whole or not at all; returns the file's sha256.

    The same clips give the same bytes: safetensors orders by type and name, and nothing of today goes in.
    """
    data = save({name: np.concatenate([clip[name] for clip in clips]) for name in clips[0]})
    write_bytes(path, data)
    return hashlib.sha256(data).hexdigest()


def sha256(path: Path) -> str:
    """Of a file, read in blocks."""
    found = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            found.update(block)
    return found.hexdigest()


class Shard:
    """An open shard of ``frames`` frames; ShardError when the file does not hold the representation's arrays."""

    def __init__(self, path: Path, representation: Representation, frames: int):
        self.path = path
        try:
            self._file = safe_open(path, framework="numpy")
            self._slices = {name: self._file.get_slice(name) for name in representation.arrays}
        except (OSError, SafetensorError) as error:
            raise ShardError(f"{path} cannot be read: {error}; build the data set again") from error
        for name, (dtype, shape) in representation.arrays.items():
            found = self._slices[name].get_dtype(), tuple(self._slices[name].get_shape())
            wanted = _TYPES[dtype.str], (frames, *shape)
            if found != wanted:
                raise ShardError(f"{path}: {name} is {found[0]} {found[1]}, the index says {wanted[0]} {wanted[1]}")

    def read(self, start: int, stop: int) -> dict[str, np.ndarray]:
        """The frames ``start`` to ``stop`` of every array; only these are read from the disk."""
        return {name: part[start:stop] for name, part in self._slices.items()}
