"""What a running process uses, from Linux's /proc."""

from __future__ import annotations

import os
from pathlib import Path


def there() -> bool:
    """Whether this system tells such things at all."""
    return Path("/proc/self/status").exists()


def status(pid: int, field: str) -> int:
    """A number of /proc/<pid>/status: VmRSS and VmHWM (resident memory now and at its highest) in KiB, Threads."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(dict(line.split(":", 1) for line in lines)[field].split()[0])


def processor_seconds(pid: int) -> float:
    """What all its threads have used so far."""
    # the name in parentheses may hold blanks
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
