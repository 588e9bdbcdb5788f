"""One array out of an NPY file that others wrote, without numpy's pickle path and without trusting its header: type and
shape are checked against what is accepted before anything is allocated.
"""

from __future__ import annotations

import ast
import io
import math
import re
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from .text import LIMITS, FormatError, Limits, read_bytes

_HEADER_BYTES = 4096
_CODE = re.compile(r"[<|=](f[248]|i[1248]|u[1248]|b1|[US][0-9]{1,4})")
_KINDS = {"f": "float", "i": "integer", "u": "unsigned integer", "b": "bool", "U": "text", "S": "bytes"}


class ArraysError(FormatError):
    """An NPY or NPZ that cannot be read: names file and array, what was found and what is accepted."""


@dataclass(frozen=True)
class Wanted:
    """``kinds``: numpy's letters; ``shapes``: any of these, numbers fixed, letters free but the same within one file
    ("T" is a number of frames and bounded as such)."""

    kinds: str
    shapes: tuple[tuple[int | str, ...], ...]

    def says(self) -> str:
        """What is accepted, in words."""
        shapes = " or ".join("(" + ", ".join(map(str, s)) + ("," if len(s) == 1 else "") + ")" for s in self.shapes)
        return f"{'/'.join(_KINDS[k] for k in self.kinds)} of shape {shapes}"


def read_array(path, accepted: Wanted, limits: Limits = LIMITS) -> np.ndarray:
    """The array of an NPY file, floats as float64 and finite; ArraysError for anything else."""
    data = read_bytes(path, ArraysError, limits.file_bytes)
    return stored_array(io.BytesIO(data), path, "the array", accepted, {}, limits)


def stored_array(
    file: BinaryIO, path, name: str, accepted: Wanted, sizes: dict[str, int], limits: Limits
) -> np.ndarray:
    """The array in an open NPY file. ``name`` and ``path`` are for messages; ``sizes`` are those of the letters in the
    arrays before it and gets its own."""
    start = file.read(10)
    size = int.from_bytes(start[8:10], "little")
    if start[:8] != b"\x93NUMPY\x01\x00" or size > _HEADER_BYTES:
        raise ArraysError(path, None, f"{name} has no plain header")
    dtype, shape, fortran = _header(path, name, file.read(size), accepted)
    _check_shape(path, name, shape, accepted, sizes, limits)
    most = limits.values * 8
    bytes_wanted = dtype.itemsize * math.prod(shape)
    if math.prod(shape) > limits.values or bytes_wanted > most:
        raise ArraysError(
            path, None, f"{name}, {shape}, has more than {limits.values:,} numbers, all that may still be read"
        )
    data = file.read(bytes_wanted + 1)
    if len(data) != bytes_wanted:
        raise ArraysError(path, None, f"{name} is cut short or too long: {bytes_wanted:,} bytes promised")
    array = np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")
    if dtype.kind != "f":
        return array
    bad = ~np.isfinite(array)
    if bad.any():
        at = tuple(int(i) for i in np.argwhere(bad)[0])
        raise ArraysError(path, None, f"{name} holds NaN or infinite numbers, the first at index {at}")
    return np.array(array, dtype=np.float64, order="C")


def _header(path, name: str, text: bytes, accepted: Wanted) -> tuple[np.dtype, tuple[int, ...], bool]:
    try:
        header = ast.literal_eval(text.decode("latin-1").strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as reason:
        raise ArraysError(path, None, f"{name} has a damaged header") from reason
    header = header if isinstance(header, dict) else {}
    code, shape, fortran = header.get("descr"), header.get("shape"), header.get("fortran_order")
    if isinstance(code, str) and "O" in code:
        raise ArraysError(
            path, None, f"{name} holds Python objects (a pickle), never loaded; accepted: {accepted.says()}"
        )
    if not isinstance(code, str) or not _CODE.fullmatch(code) or code[1] not in accepted.kinds:
        raise ArraysError(path, None, f"{name} has type {str(code)[:40]!r}; accepted: {accepted.says()}")
    plain = isinstance(shape, tuple) and all(type(n) is int and n >= 0 for n in shape)
    if not plain or not isinstance(fortran, bool):
        raise ArraysError(path, None, f"{name} has a damaged header")
    return np.dtype(code), shape, fortran


def _check_shape(path, name: str, shape, accepted: Wanted, sizes: dict[str, int], limits: Limits) -> None:
    for option in accepted.shapes:
        if len(option) != len(shape):
            continue
        found = {n: size for n, size in zip(option, shape) if isinstance(n, str)}
        if any(n != size for n, size in zip(option, shape) if isinstance(n, int)):
            continue
        frames = found.get("T", 1)
        if not 1 <= frames <= limits.frames:
            raise ArraysError(path, None, f"{name} has {frames:,} frames; read are 1 to {limits.frames:,}")
        for n, size in found.items():
            if sizes.setdefault(n, size) != size:
                message = f"{name} has {n} = {size} where the arrays before it have {sizes[n]}"
                raise ArraysError(path, None, message)
        return
    raise ArraysError(path, None, f"{name} is {str(shape)[:60]}; accepted: {accepted.says()}")
