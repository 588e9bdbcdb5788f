"""What a measurement was made on, and how much else was running there."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

IDLE = 0.1
"""cores that others may use on a machine that still counts as idle"""


@dataclass(frozen=True)
class Machine:
    """``cores`` are those that this process may use, of ``cores_there``; ``others`` is how many cores' worth of work
    other processes did in the half second before the measurement, None where the system does not say."""

    cpu: str
    cores: int
    cores_there: int
    system: str
    python: str
    numpy: str
    torch: str
    others: float | None

    @property
    def idle(self) -> bool:
        return self.others is not None and self.others <= IDLE

    def to_dict(self) -> dict:
        return asdict(self) | {"idle": self.idle}

    def __str__(self) -> str:
        load = "load of others unknown" if self.others is None else f"others use {self.others:.1f} cores"
        return (
            f"{self.cpu}, {self.cores} of {self.cores_there} cores, {self.system}, Python {self.python}, "
            f"numpy {self.numpy}, torch {self.torch}, {load}"
        )


def machine() -> Machine:
    """This machine; takes half a second."""
    there = os.cpu_count() or 1
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else there
    return Machine(
        _cpu(),
        usable,
        there,
        platform.system(),
        platform.python_version(),
        _version("numpy"),
        _version("torch"),
        _others(),
    )


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    names = [line for line in info.read_text().splitlines() if line.startswith("model name")] if info.exists() else []
    return names[0].partition(":")[2].strip() if names else platform.processor() or platform.machine()


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "none"


def _others(seconds: float = 0.5) -> float | None:
    """Cores' worth of work done by anybody while this process sleeps."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return None

    def busy() -> float:
        user, nice, system, _idle, _wait, *interrupts = map(int, stat.read_text().split("\n", 1)[0].split()[1:8])
        return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK")

    before, began = busy(), time.perf_counter()
    time.sleep(seconds)
    return round((busy() - before) / (time.perf_counter() - began), 2)
