"""From the start of the backend to a clip, over the pipe that the add-on uses.

    .venv/py311/bin/python -m benchmarks.generate [--bundle DIR] [--json FILE]

A start is cold for the process, not for the disk: files read before are in the system's cache.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median

from backend.bundles import default_bundle_path
from backend.motion.skeleton import canonical
from backend.protocol import PROTOCOL_VERSION, GenerateRequest, Segment, Take

from .child import Backend, ChildFailed, unpacked
from .machine import Others, machine
from .rounds import interleaved, ratios
from .table import Row, ratio_row, save, show

PROMPT = "a person walks forward, then waves with the right hand"
SECONDS, FPS = 5.0, 24  # Blender's own rate, so that resampling is in the time
STARTS, ROUNDS = 3, 7
TAKES = (1, 4, 8)
DEFAULT_TAKES = 4
IDLE_SECONDS = 3.0


def clip(backend: Backend, bundle: Path, takes: int, seed: int) -> tuple[dict, list[Take]]:
    """One clip of SECONDS for a character somewhat taller than the model's; (answer, takes)."""
    base = canonical()
    request = GenerateRequest(
        segments=(Segment(PROMPT),),
        fps=FPS,
        seconds=SECONDS,
        seed=seed,
        takes=takes,
        skeleton=base.with_offsets(base.offsets * 1.05),
        origin=(1.0, 2.0),
        heading=0.5,
        bundle=str(bundle),
    )
    answer, motions = backend.request("motion/generate", request.to_dict())
    lengths = {len(take.motion) for take in motions}
    if len(motions) != takes or lengths != {round(SECONDS * FPS)}:
        raise ChildFailed(
            f"{takes} takes of {round(SECONDS * FPS)} frames were asked for, got {len(motions)}: {lengths}"
        )
    return answer, motions


def started(folder: Path, bundle: Path, times: dict[str, list[float]]) -> Backend:
    """A new child that has loaded the bundle and made its first clip; seconds since its start go to ``times``."""
    began = time.perf_counter()
    backend = Backend(folder)
    try:
        backend.request("initialize", {"protocol": PROTOCOL_VERSION})
        times["initialize"].append(time.perf_counter() - began)
        backend.request("models/load", {"bundle": str(bundle)})
        times["ready"].append(time.perf_counter() - began)
        loaded = time.perf_counter()
        clip(backend, bundle, DEFAULT_TAKES, seed=0)
        times["first clip"].append(time.perf_counter() - loaded)
    except BaseException:
        backend.__exit__(None, None, None)
        raise
    return backend


def warm(backend: Backend, bundle: Path) -> list[Row]:
    """1, 4 and 8 takes in turn, and where the time of the default number goes."""
    stages: list[dict[str, float]] = []

    def make(takes: int) -> None:
        answer, _ = clip(backend, bundle, takes, seed=1)
        if takes == DEFAULT_TAKES:
            stages.append(answer["report"]["stage_seconds"])

    seconds = interleaved({str(n): partial(make, n) for n in TAKES}, ROUNDS)
    rows = [
        Row(
            f"5-s clip, warm, {n} take{'s' * (n > 1)}",
            median(seconds[str(n)]),
            wanted=1.5 if n == DEFAULT_TAKES else None,
            note=f"median of {ROUNDS}, {min(seconds[str(n)]):.2f} to {max(seconds[str(n)]):.2f}",
        )
        for n in TAKES
    ]
    rows += [ratio_row(f"{n} takes : 1 take", ratios(seconds[str(n)], seconds["1"])) for n in TAKES[1:]]
    rows += [
        Row(f"stage: {stage}", median(s[stage] for s in stages[1:]), note=f"of {DEFAULT_TAKES} takes, by the report")
        for stage in stages[-1]
    ]
    return rows


def memory(pid: int) -> list[Row]:
    """Resident memory of the child now and at its highest; nothing where there is no /proc."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return []
    fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
    names = {"memory of the child (RSS), one clip made": "VmRSS", "memory, peak": "VmHWM"}
    return [Row(what, int(fields[key].split()[0]) / 1024, "MiB") for what, key in names.items()]


def idle(pid: int) -> list[Row]:
    """What the child costs while nobody asks it anything, as a share of one core."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return []

    def used() -> float:
        # the name in parentheses may hold blanks
        fields = stat.read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    before = used()
    time.sleep(IDLE_SECONDS)
    share = 100 * (used() - before) / IDLE_SECONDS
    return [Row("processor of the idle child", share, "%", note=f"of one core, over {IDLE_SECONDS:g} s")]


def measure(bundle: Path) -> list[Row]:
    """All rows; ChildFailed when the backend does."""
    times: dict[str, list[float]] = {"initialize": [], "ready": [], "first clip": []}
    with tempfile.TemporaryDirectory() as folder:
        unpacked(Path(folder))
        for _ in range(STARTS - 1):
            with started(Path(folder), bundle, times):
                pass
        with started(Path(folder), bundle, times) as backend:
            after = memory(backend.pid)[:1]
            rows = warm(backend, bundle)
            after += memory(backend.pid)[1:] + idle(backend.pid)

    def row(what: str, name: str, wanted: float | None = None) -> Row:
        note = f"median of {STARTS}; " + ", ".join(f"{s:.2f}" for s in times[name])
        return Row(what, median(times[name]), wanted=wanted, note=note)

    return [
        row("start to answered initialize", "initialize"),
        row("start to ready (bundle loaded)", "ready", wanted=8.0),
        row(f"first 5-s clip after that, {DEFAULT_TAKES} takes", "first clip"),
        *rows,
        *after,
    ]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.generate", description=__doc__.split("\n")[0])
    parser.add_argument("--bundle", type=Path, default=default_bundle_path(), help="folder (default: the one shipped)")
    parser.add_argument("--json", type=Path, help="write the rows here too")
    options = parser.parse_args(arguments)
    bundle = options.bundle.absolute()
    others = Others()
    try:
        rows = measure(bundle)
    except ChildFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    title = f"generate, bundle {bundle.name}"
    here = machine(others)
    show(title, here, rows)
    if options.json:
        save(options.json, title, here, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
