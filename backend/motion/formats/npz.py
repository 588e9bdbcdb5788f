"""Our own file: a Motion with its skeleton as plain arrays in one NPZ.

Read without numpy's pickle path and without trusting a header: sizes are checked before anything is allocated.
"""

from __future__ import annotations

import ast
import io
import math
import re
import zipfile
import zlib
from pathlib import Path

import numpy as np

from ..motion import Motion
from ..skeleton import Skeleton
from .text import LIMITS, FormatError, Limits, write_bytes

FORMAT = 1
_HEADER_BYTES = 4096
# key -> (dtype kinds, shape with T frames and J joints)
_ARRAYS = {
    "format": ("i", ()),
    "kind": ("U", ()),
    "names": ("U", ("J",)),
    "parents": ("i", ("J",)),
    "offsets": ("f", ("J", 3)),
    "root": ("f", ("T", 3)),
    "rotations": ("f", ("T", "J", 4)),
    "contacts": ("b", ("T", 4)),
    "fps": ("i", (2,)),
}


class NpzError(FormatError):
    """A motion NPZ that cannot be read."""


def write(path, motion: Motion) -> None:
    """Write ``motion`` whole or not at all; float64, so that reading gives the same numbers."""
    skeleton = motion.skeleton
    data = io.BytesIO()
    np.savez_compressed(
        data,
        format=np.array(FORMAT, "<i8"),
        kind=np.array(skeleton.kind),
        names=np.array(skeleton.names),
        parents=np.array(skeleton.parents, "<i8"),
        offsets=np.ascontiguousarray(skeleton.offsets, "<f8"),
        root=np.ascontiguousarray(motion.root, "<f8"),
        rotations=np.ascontiguousarray(motion.rotations, "<f8"),
        contacts=np.ascontiguousarray(motion.contacts, bool),
        fps=np.array([motion.fps.numerator, motion.fps.denominator], "<i8"),
    )
    write_bytes(path, data.getvalue())


def read(path, limits: Limits = LIMITS) -> Motion:
    """The Motion of a file that ``write`` made. Raises NpzError naming what is wrong."""
    try:
        if Path(path).stat().st_size > limits.file_bytes:
            raise NpzError(path, None, f"has more than {limits.file_bytes:,} bytes")
        with zipfile.ZipFile(path) as archive:
            arrays = {key: _array(path, archive, key, limits) for key in _ARRAYS}
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as reason:
        raise NpzError(path, None, f"cannot be read as a motion file ({reason})") from reason
    if int(arrays["format"]) != FORMAT:
        raise NpzError(path, None, f"has format {int(arrays['format'])}; this build reads format {FORMAT}")
    _check_shapes(path, arrays, limits)
    names = tuple(str(n) for n in arrays["names"])
    parents = tuple(int(p) for p in arrays["parents"])
    if len(set(names)) != len(names) or parents[0] != -1 or min(parents[1:], default=0) < 0:
        raise NpzError(path, None, "needs one root, standing first, and a name of its own for every joint")
    try:
        skeleton = Skeleton(str(arrays["kind"]), names, parents, arrays["offsets"])
        fps = tuple(int(n) for n in arrays["fps"])
        if min(fps) < 1:
            raise ValueError(f"the frame rate must be a ratio of positive numbers, got {fps}")
        return Motion(skeleton, arrays["root"], arrays["rotations"], fps, arrays["contacts"])
    except ValueError as reason:
        raise NpzError(path, None, str(reason)) from reason


def _array(path, archive: zipfile.ZipFile, key: str, limits: Limits) -> np.ndarray:
    try:
        entry = archive.getinfo(key + ".npy")
    except KeyError:
        raise NpzError(path, None, f"lacks the array {key!r}; is it a motion written by Posewright?") from None
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise NpzError(path, None, f"the array {key!r} is compressed in a way that is not read")
    with archive.open(entry) as file:
        start = file.read(10)
        size = int.from_bytes(start[8:10], "little")
        if start[:8] != b"\x93NUMPY\x01\x00" or size > _HEADER_BYTES:
            raise NpzError(path, None, f"the array {key!r} has no plain header")
        dtype, shape = _header(path, key, file.read(size), limits)
        bytes_wanted = dtype.itemsize * math.prod(shape)
        data = file.read(bytes_wanted + 1)
    if len(data) != bytes_wanted:
        raise NpzError(path, None, f"the array {key!r} is cut short or too long")
    return np.frombuffer(data, dtype).reshape(shape)


def _header(path, key: str, text: bytes, limits: Limits) -> tuple[np.dtype, tuple[int, ...]]:
    try:
        header = ast.literal_eval(text.decode("latin-1").strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as reason:
        raise NpzError(path, None, f"the array {key!r} has a damaged header") from reason
    kinds, wanted = _ARRAYS[key]
    header = header if isinstance(header, dict) else {}
    code, shape = header.get("descr"), header.get("shape")
    if not isinstance(code, str) or not re.fullmatch(r"[<|](f[48]|i[48]|b1|U[0-9]{1,3})", code) or code[1] not in kinds:
        raise NpzError(path, None, f"the array {key!r} has type {str(code)[:40]!r}")
    plain = isinstance(shape, tuple) and all(type(n) is int and n >= 0 for n in shape)
    if not plain or len(shape) != len(wanted) or header.get("fortran_order") is not False:
        raise NpzError(path, None, f"the array {key!r} must have {len(wanted)} plain dimensions, got {str(shape)[:40]}")
    if math.prod(shape) > limits.values:
        raise NpzError(path, None, f"the array {key!r} has more than {limits.values:,} numbers")
    return np.dtype(code), shape


def _check_shapes(path, arrays, limits: Limits):
    sizes = {"T": len(arrays["root"]), "J": len(arrays["names"])}
    if not 1 <= sizes["T"] <= limits.frames or not 1 <= sizes["J"] <= limits.joints:
        message = (
            f"holds {sizes['T']:,} frames of {sizes['J']:,} joints; read are {limits.frames:,} of {limits.joints:,}"
        )
        raise NpzError(path, None, message)
    for key, (_, wanted) in _ARRAYS.items():
        shape = tuple(sizes.get(n, n) for n in wanted)
        if arrays[key].shape != shape:
            raise NpzError(path, None, f"the array {key!r} must be {shape}, got {arrays[key].shape}")
