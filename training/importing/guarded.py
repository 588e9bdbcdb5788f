"""The one place that opens checkpoints which others pickled.

A pickle can run any program when it is opened. ``torch.load`` with ``weights_only`` lets it name tensors, numbers,
texts and plain containers alone; before that the file is measured, so that a small one cannot unfold into a large one.
"""

from __future__ import annotations

import pickle
import re
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch

from . import foreign

MAX_PICKLE_BYTES = 64 * 2**20
"""of names and shapes; the numbers of the tensors lie beside them"""
_DAMAGE = (
    OSError, zipfile.BadZipFile, pickle.UnpicklingError, struct.error, EOFError, RuntimeError, ValueError, LookupError,
    TypeError, AttributeError, ArithmeticError, AssertionError, ImportError, MemoryError,
)  # fmt: skip
"""what ``torch.load`` and ``zipfile`` raise on files that are cut short or made to harm"""
_NAMED = re.compile(r"GLOBAL ([\w.]{1,80})")
_ARCHIVED = (".pth", ".pt", ".ckpt", ".tar")


def read(path: Path, most_bytes: int) -> dict:
    """The dict that a checkpoint holds, its tensors on the CPU and, where the format allows, mapped from the file
    instead of read. ValueError names the file and says what it is or what is wrong with it."""
    path = Path(path)
    if not path.is_file():  # a pipe would be waited for
        raise ValueError(f"there is no file {path}")
    size = path.stat().st_size
    if size > most_bytes:
        raise ValueError(f"{path.name} has {size:,} bytes, at most {most_bytes:,} are accepted")
    with open(path, "rb") as file:
        head = file.read(foreign.HEAD)
    what = foreign.name(head)
    if what:
        raise ValueError(f"{path.name} is {what}; wanted is a checkpoint as torch.save writes it")
    zipped = head.startswith(foreign.ZIP)
    if zipped:
        _check_archive(path, size)
    try:
        found = torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)
    except _DAMAGE as error:
        raise ValueError(f"{path.name} {_refusal(error)}") from error
    if not isinstance(found, dict):
        raise ValueError(f"{path.name} holds one {type(found).__name__}, wanted is a dict of tensors by name")
    return found


def tensors(values, what: str) -> dict[str, torch.Tensor]:
    """``values`` as a dict of names to plain tensors of floating point numbers on the CPU; ValueError names ``what``
    and the first thing in it that is none."""
    if not isinstance(values, Mapping):
        raise ValueError(f"{what} is {_kind(values)}, wanted is a dict of tensors by name")
    for name, value in values.items():
        if not isinstance(name, str):
            raise ValueError(f"{what} has an entry under {_kind(name)}, names are texts")
        plain = isinstance(value, torch.Tensor) and value.layout == torch.strided and value.device.type == "cpu"
        if not plain or not value.dtype.is_floating_point:
            raise ValueError(f"{what}: {name[:100]!r} is {_kind(value)}, wanted is a tensor of plain numbers")
    return {name: value.detach() for name, value in values.items()}


def _check_archive(path: Path, size: int) -> None:
    """ValueError unless the zip archive is one of torch.save that unfolds to no more than it is."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except _DAMAGE as error:
        raise ValueError(f"{path.name} is cut short or damaged ({_short(error)}); fetch it again") from error
    by_last_name = {entry.filename.rsplit("/", 1)[-1]: entry for entry in entries}
    if "constants.pkl" in by_last_name:
        raise ValueError(f"{path.name} is a TorchScript program, which is never opened: it would run")
    if "data.pkl" not in by_last_name:
        inside = [entry.filename[:80] for entry in entries if entry.filename.endswith(_ARCHIVED)]
        hint = f"; unpack it and import {' or '.join(inside[:4])}" if inside else ""
        raise ValueError(f"{path.name} is a zip archive and no checkpoint{hint}")
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise ValueError(f"{path.name} is a compressed zip archive, which torch.save does not write")
    if sum(entry.file_size for entry in entries) > size:
        raise ValueError(f"{path.name} says that it holds more than its {size:,} bytes")
    if by_last_name["data.pkl"].file_size > MAX_PICKLE_BYTES:
        raise ValueError(f"{path.name} has more than {MAX_PICKLE_BYTES:,} bytes of names")


def _refusal(error: BaseException) -> str:
    """What torch.load objected to. Its own text advises to open the file unguarded."""
    named = _NAMED.search(str(error))
    if named:
        return f"asks for {named[1]}, which is no tensor and could run a program; it was not opened further"
    if isinstance(error, pickle.UnpicklingError):
        return "holds more than tensors, numbers and texts, or is damaged; it was not opened further"
    return f"is cut short or damaged ({_short(error)}); fetch it again"


def _short(error: BaseException) -> str:
    """Its kind and first line."""
    return f"{type(error).__name__}: {(str(error).splitlines() or ['no reason given'])[0][:120]}"


def _kind(value) -> str:
    """A thing that is no plain tensor, for an error."""
    if isinstance(value, torch.Tensor):
        return f"a tensor of {value.dtype} ({value.layout}, {value.device.type})".replace("torch.", "")
    return f"a value of type {type(value).__name__}"
