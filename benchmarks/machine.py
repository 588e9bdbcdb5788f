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
    other processes did on average while it was measured, None where the system does not say."""

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
        load = "load of others unknown" if self.others is None else f"others used {self.others:.1f} cores"
        return (
            f"{self.cpu}, {self.cores} of {self.cores_there} cores, {self.system}, Python {self.python}, "
            f"numpy {self.numpy}, torch {self.torch}, {load}"
        )


class Others:
    """What other processes use, from the making of this object on. Children count as ours once they have ended."""

    def __init__(self):
        self._began, self._before = time.perf_counter(), self._used()

    def cores(self) -> float | None:
        """Cores' worth of work on average so far; None where there is no /proc."""
        if self._before is None:
            return None
        return round(max(0.0, (self._used() - self._before) / (time.perf_counter() - self._began)), 2)

    def _used(self) -> float | None:
        stat = Path("/proc/stat")
        if not stat.exists():
            return None
        user, nice, system, _idle, _wait, *interrupts = map(int, stat.read_text().split("\n", 1)[0].split()[1:8])
        ours = sum(os.times()[:4])
        return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK") - ours


def machine(others: Others) -> Machine:
    """This machine, and what else ran on it since ``others`` was made."""
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
        others.cores(),
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
