"""Reading a bundle's weights: a safetensors file that must hold exactly the tensors that the config asks for.

The file: 8 bytes for the header's length, the header (JSON: dtype, shape and place of each tensor), the tensors side by
side. Nothing is allocated before all of it was compared with the file's size and with what is wanted.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ..bundles.bundle import BundleError, named, shown
from .int8 import SCALE

MAX_HEADER_BYTES = 2**20
_LENGTH_BYTES = 8
_DTYPES = {"F32": np.dtype("<f4"), "F16": np.dtype("<f2"), "I8": np.dtype("i1")}
# how files begin that are no safetensors, whatever their name says
_FOREIGN = {
    b"PK\x03\x04": "a zip archive, as torch.save writes it",
    b"\x80": "a pickle, as torch.save writes it, which is never opened: it could run a program",
    b"version https://git-lfs": "a pointer of Git LFS instead of the file (git lfs pull fetches it)",
}


@dataclass(frozen=True)
class _Entry:
    """Where a tensor lies in the file, bytes from its start."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


def read(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """The tensors named in ``shapes`` as float32, C-contiguous, from a file that holds these and no others: as F32, as
    F16, or as I8 with F16 or F32 scales a row under ``name.scale``. BundleError names file, tensor and what is wrong.

    Values that are not finite are an error too: they would spread until the whole motion is NaN.
    """
    where = named(path.parent, path.name)
    try:
        with open(path, "rb") as file:
            entries = _entries(where, file, shapes)
            return {name: _values(where, file, name, entries) for name in shapes}
    except OSError as error:
        raise BundleError(f"{where} cannot be read: {error.strerror}") from error


def _entries(where: str, file: BinaryIO, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, _Entry]:
    """The checked header."""
    size = os.fstat(file.fileno()).st_size
    header, start = _header(where, file, size)
    entries = {name: _entry(f"{where}: tensor {name[:100]!r}", value, start, size) for name, value in header.items()}
    wanted = dict(shapes)
    for name, shape in shapes.items():
        if name in entries and entries[name].dtype == "I8":
            wanted[name + SCALE] = shape[:1]
    for name, shape in wanted.items():
        if name not in entries:
            raise BundleError(f"{where}: tensor {name!r} of shape {_shape(shape)} is missing")
        if entries[name].shape != shape:
            found = _shape(entries[name].shape)
            raise BundleError(f"{where}: tensor {name!r} has shape {found}, the config asks for {_shape(shape)}")
        if name not in shapes and entries[name].dtype == "I8":
            raise BundleError(f"{where}: tensor {name!r} has dtype I8, scales must be F16 or F32")
    foreign = [name for name in entries if name not in wanted]
    if foreign:
        raise BundleError(f"{where}: tensor {foreign[0][:100]!r} is not of this model, one of {len(foreign)} too many")
    end = start
    for name, entry in sorted(entries.items(), key=lambda item: (item[1].begin, item[1].end)):
        if entry.begin != end:
            raise BundleError(
                f"{where}: tensor {name!r} begins at byte {entry.begin}, expected {end} where the one before ends"
            )
        end = entry.end
    if end != size:
        raise BundleError(f"{where} has {size} bytes, expected {end} where its last tensor ends")
    return entries


def _header(where: str, file: BinaryIO, size: int) -> tuple[dict, int]:
    """The parsed header without its remarks, and the byte where the tensors begin."""
    start = file.read(32)
    length = int.from_bytes(start[:_LENGTH_BYTES], "little")
    if start[_LENGTH_BYTES : _LENGTH_BYTES + 1] != b"{":
        what = next((f"it is {what}" for begin, what in _FOREIGN.items() if start.startswith(begin)), "")
        raise BundleError(f"{where} is not a safetensors file: {what or f'it begins with {start[:12]}'}")
    if length > min(MAX_HEADER_BYTES, size - _LENGTH_BYTES):
        raise BundleError(
            f"{where} says that its header has {length} bytes; the file has {size}, accepted are {MAX_HEADER_BYTES}"
        )
    file.seek(_LENGTH_BYTES)
    try:
        header = json.loads(file.read(length).decode(), object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{where} has a header that cannot be read: {str(error)[:100]}") from error
    header.pop("__metadata__", None)
    return header, _LENGTH_BYTES + length


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice in it")
    return found


def _entry(where: str, value, start: int, size: int) -> _Entry:
    """One tensor's line of the header, with its place checked against the file's size."""
    if not isinstance(value, dict):
        raise BundleError(f"{where} must be described by a JSON object, found {shown(value)}")
    dtype, shape, offsets = (value.get(key) for key in ("dtype", "shape", "data_offsets"))
    if not isinstance(dtype, str) or dtype not in _DTYPES:
        raise BundleError(f"{where} has dtype {shown(dtype)}, accepted are {', '.join(_DTYPES)}")
    if not _sizes(shape):
        raise BundleError(f"{where} has shape {shown(shape)}, expected a list of sizes")
    if not _sizes(offsets) or len(offsets) != 2 or not offsets[0] <= offsets[1] <= size - start:
        raise BundleError(f"{where} lies at {shown(offsets)}, expected two of the {size - start} places in the file")
    begin, end = offsets
    needed = math.prod(shape) * _DTYPES[dtype].itemsize
    if end - begin != needed:
        raise BundleError(f"{where} has {end - begin} bytes, its shape {_shape(shape)} in {dtype} needs {needed}")
    return _Entry(dtype, tuple(shape), start + begin, start + end)


def _sizes(value) -> bool:
    """Whether a value of the header is a list of whole numbers that sizes or places can be; true and false are not."""
    if not isinstance(value, list) or len(value) > 8:
        return False
    return all(type(number) is int and 0 <= number < 2**48 for number in value)


def _values(where: str, file: BinaryIO, name: str, entries: Mapping[str, _Entry]) -> np.ndarray:
    """A tensor as float32, its scales multiplied in."""
    value = _stored(where, file, name, entries[name]).astype(np.float32, copy=False)
    with np.errstate(over="ignore", invalid="ignore"):
        if entries[name].dtype == "I8":
            scale = _stored(where, file, name + SCALE, entries[name + SCALE]).astype(np.float32, copy=False)
            value *= scale.reshape(-1, *[1] * (value.ndim - 1))
        # the extremes are NaN when any value is
        finite = value.size == 0 or (np.isfinite(value.min()) and np.isfinite(value.max()))
    if not finite:
        raise BundleError(f"{where}: tensor {name!r} has values that are not finite (NaN or infinite)")
    return value


def _stored(where: str, file: BinaryIO, name: str, entry: _Entry) -> np.ndarray:
    """A tensor as it lies in the file."""
    value = np.empty(entry.shape, _DTYPES[entry.dtype])
    file.seek(entry.begin)
    if file.readinto(value.reshape(-1).view(np.uint8)) != value.nbytes:
        raise BundleError(f"{where} ended in tensor {name!r} while it was read")
    return value


def _shape(shape) -> str:
    return " x ".join(map(str, shape)) or "a single number"
