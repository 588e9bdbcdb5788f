"""Whether the weights of a model fit into memory, and what is said when they do not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from .batching import OutOfMemory, too_many

_GIB = 2**30


def free(device: torch.device) -> int | None:
    """Bytes that are free on a device; None where nobody tells."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return _available() if device.type == "cpu" else None


@contextmanager
def room_for(count: int, dtype: torch.dtype, device: torch.device, title: str) -> Iterator[None]:
    """Around the loading of a model with ``count`` weights: OutOfMemory where they do not fit. It is asked before,
    since loading all the same would end in torch's error after minutes, or on the CPU in the end of the process."""
    there = free(device)
    if there is not None and count * dtype.itemsize > there:
        raise OutOfMemory(_said(count, dtype, there, device, title))
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise OutOfMemory(_said(count, dtype, there, device, title)) from error


@contextmanager
def room_for_rows(rows: int, places: int, device: torch.device) -> Iterator[None]:
    """Around the start of an answer: OutOfMemory for torch's own error, with what it held given back."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        if device.type == "cuda":
            torch.cuda.empty_cache()
        raise too_many(rows, places, f"the memory of {device}{_left(free(device))}") from error


def _said(count: int, dtype: torch.dtype, there: int | None, device: torch.device, title: str) -> str:
    needed, kind = count * dtype.itemsize / _GIB, str(dtype).removeprefix("torch.")
    fits = "" if there is None else f"; a model of up to {there / dtype.itemsize / 1e9:.1f} billion weights would fit"
    return (
        f"{title} needs {needed:.1f} GiB for its {count / 1e9:.1f} billion weights in {kind} on {device}"
        f"{_left(there)}{fits}"
    )


def _left(there: int | None) -> str:
    return "" if there is None else f", {there / _GIB:.1f} GiB are free"


def _available() -> int | None:
    """What Linux says that a program can have without swapping."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            lines = dict(line.split(":", 1) for line in file)
        return int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, ValueError, KeyError):
        return None
