"""Arrays out of NPZ files that others wrote: only those asked for, each read as ``bounded_npy`` reads one."""

from __future__ import annotations

import struct
import zipfile
import zlib
from dataclasses import replace

import numpy as np

from .bounded_npy import ArraysError, Wanted, stored_array
from .text import LIMITS, Limits, check_file

_DAMAGE = (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, struct.error,
           ValueError, OverflowError)  # fmt: skip


def read_arrays(path, wanted: dict[str, Wanted], limits: Limits = LIMITS) -> dict[str, np.ndarray]:
    """Those of the ``wanted`` arrays that the file has, floats as float64 and finite; ArraysError for anything else.

    ``limits.values`` bounds all of them together. Arrays that are not asked for are never opened, whatever they hold.
    """
    check_file(path, ArraysError, limits.file_bytes)
    try:
        with zipfile.ZipFile(path) as archive:
            present = set(archive.namelist())
            sizes: dict[str, int] = {}
            found: dict[str, np.ndarray] = {}
            for key, accepted in wanted.items():
                if key + ".npy" in present:
                    found[key] = _array(path, archive, key, accepted, sizes, limits)
                    spent = max(found[key].size, found[key].nbytes // 8)  # texts take more than a number
                    limits = replace(limits, values=limits.values - spent)
            return found
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
            return stored_array(file, path, f"the array {key!r}", accepted, sizes, limits)
    except ArraysError:
        raise
    except _DAMAGE as reason:
        raise ArraysError(path, None, f"the array {key!r} is damaged ({reason})") from reason
