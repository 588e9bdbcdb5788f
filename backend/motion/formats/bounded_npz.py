"""Arrays out of NPZ files that others wrote: only those asked for, without numpy's pickle path, without trusting a
header. Type and shape are checked against what is accepted before anything is allocated.
"""

from __future__ import annotations

import ast
import math
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .text import LIMITS, FormatError, Limits

_HEADER_BYTES = 4096
_DAMAGE = (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, struct.error,
           ValueError, OverflowError)  # fmt: skip
_CODE = re.compile(r"[<|=](f[248]|i[1248]|u[1248]|b1|[US][0-9]{1,4})")
_KINDS = {"f": "float", "i": "integer", "u": "unsigned integer", "b": "bool", "U": "text", "S": "bytes"}


class ArraysError(FormatError):
    """An NPZ that cannot be read: names file and array, what was found and what is accepted."""


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


def read_arrays(path, wanted: dict[str, Wanted], limits: Limits = LIMITS) -> dict[str, np.ndarray]:
    """Those of the ``wanted`` arrays that the file has, floats as float64 and finite; ArraysError for anything else.

    Arrays that are not asked for are never opened, whatever they hold.
    """
    try:
        if Path(path).stat().st_size > limits.file_bytes:
            raise ArraysError(path, None, f"has more than {limits.file_bytes:,} bytes")
        with zipfile.ZipFile(path) as archive:
            present = set(archive.namelist())
            sizes: dict[str, int] = {}
            return {
                key: _array(path, archive, key, accepted, sizes, limits)
                for key, accepted in wanted.items()
                if key + ".npy" in present
            }
    except ArraysError:
        raise
    except _DAMAGE as reason:
        raise ArraysError(path, None, f"cannot be read as an NPZ of plain arrays ({reason})") from reason


def _array(path, archive, key: str, accepted: Wanted, sizes: dict[str, int], limits: Limits) -> np.ndarray:
    entry = archive.getinfo(key + ".npy")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ArraysError(path, None, f"the array {key!r} is compressed in a way that is not read")
    try:
        with archive.open(entry) as file:
            start = file.read(10)
            size = int.from_bytes(start[8:10], "little")
            if start[:8] != b"\x93NUMPY\x01\x00" or size > _HEADER_BYTES:
                raise ArraysError(path, None, f"the array {key!r} has no plain header")
            dtype, shape, fortran = _header(path, key, file.read(size), accepted)
            _check_shape(path, key, shape, accepted, sizes, limits)
            most = limits.values * 8
            bytes_wanted = dtype.itemsize * math.prod(shape)
            if math.prod(shape) > limits.values or bytes_wanted > most:
                raise ArraysError(path, None, f"the array {key!r}, {shape}, has more than {limits.values:,} numbers")
            data = file.read(bytes_wanted + 1)
    except ArraysError:
        raise
    except _DAMAGE as reason:
        raise ArraysError(path, None, f"the array {key!r} is damaged ({reason})") from reason
    if len(data) != bytes_wanted:
        raise ArraysError(path, None, f"the array {key!r} is cut short or too long: {bytes_wanted:,} bytes promised")
    array = np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")
    if dtype.kind != "f":
        return array
    bad = ~np.isfinite(array)
    if bad.any():
        at = tuple(int(i) for i in np.argwhere(bad)[0])
        raise ArraysError(path, None, f"the array {key!r} holds NaN or infinite numbers, the first at index {at}")
    return np.array(array, dtype=np.float64, order="C")


def _header(path, key: str, text: bytes, accepted: Wanted) -> tuple[np.dtype, tuple[int, ...], bool]:
    try:
        header = ast.literal_eval(text.decode("latin-1").strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as reason:
        raise ArraysError(path, None, f"the array {key!r} has a damaged header") from reason
    header = header if isinstance(header, dict) else {}
    code, shape, fortran = header.get("descr"), header.get("shape"), header.get("fortran_order")
    if isinstance(code, str) and "O" in code:
        raise ArraysError(
            path, None, f"the array {key!r} holds Python objects (a pickle), never loaded; accepted: {accepted.says()}"
        )
    if not isinstance(code, str) or not _CODE.fullmatch(code) or code[1] not in accepted.kinds:
        raise ArraysError(path, None, f"the array {key!r} has type {str(code)[:40]!r}; accepted: {accepted.says()}")
    plain = isinstance(shape, tuple) and all(type(n) is int and n >= 0 for n in shape)
    if not plain or not isinstance(fortran, bool):
        raise ArraysError(path, None, f"the array {key!r} has a damaged header")
    return np.dtype(code), shape, fortran


def _check_shape(path, key: str, shape, accepted: Wanted, sizes: dict[str, int], limits: Limits) -> None:
    for option in accepted.shapes:
        if len(option) != len(shape):
            continue
        found = {n: size for n, size in zip(option, shape) if isinstance(n, str)}
        if any(n != size for n, size in zip(option, shape) if isinstance(n, int)):
            continue
        frames = found.get("T", 1)
        if not 1 <= frames <= limits.frames:
            raise ArraysError(path, None, f"the array {key!r} has {frames:,} frames; read are 1 to {limits.frames:,}")
        for n, size in found.items():
            if sizes.setdefault(n, size) != size:
                message = f"the array {key!r} has {n} = {size} where the arrays before it have {sizes[n]}"
                raise ArraysError(path, None, message)
        return
    raise ArraysError(path, None, f"the array {key!r} is {str(shape)[:60]}; accepted: {accepted.says()}")
