"""From the start of the backend to a clip, over the pipe that the add-on uses: the numpy engine beside torch.

    .venv/py311/bin/python -m benchmarks.generate [--python .venv/bpy45/bin/python] [--bundle DIR] [--json FILE]

numpy runs in the Python that is named (Blender's own is what users have), torch in this one; without torch its column
is left out. A start is cold for the process, not for the disk: files read before are in the system's cache.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from backend import bundles
from backend.motion.skeleton import canonical
from backend.protocol import PROTOCOL_VERSION, GenerateRequest, Segment, Take
from backend.systems.vocabulary import FRAMES_PER_CODE

from . import install_size, process_facts
from .child import Backend, ChildFailed, unpacked
from .machine import Others, machine
from .rounds import interleaved, ratios
from .table import Compared, save, show_compared

PROMPT = "a person walks forward, then waves with the right hand"
SECONDS, FPS = 5.0, 24  # Blender's own rate, so that resampling is in the time
STARTS, ROUNDS = 5, 15
TAKES = (1, 4, 8)
DEFAULT_TAKES = 4
SETTLE_SECONDS, IDLE_SECONDS = 1.0, 5.0  # the threads of a BLAS spin for a moment after their last work
MEGABYTE = 1e6
# of the numpy engine with the default bundle, by the issue that asked for it
READY, FIRST_CLIP, ONE_WARM, WARM_CLIP, EIGHT_TO_ONE, MEMORY, ZIP = 1.0, 2.5, 0.5, 0.6, 2.5, 300.0, 20.0
ASK = "import platform, numpy; print('Python', platform.python_version() + ', numpy', numpy.__version__)"

Samples = dict[str, list[float]]
"""engine -> what its rounds gave"""


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


def initialize(backend: Backend) -> None:
    backend.request("initialize", {"protocol": PROTOCOL_VERSION})


def cold(folder: Path, bundle: Path, python: str, engine: str) -> dict[str, float]:
    """Seconds since the start of a process of its own to each of the things that a user waits for."""
    seconds = {}
    began = time.perf_counter()
    with Backend(folder, python, engine) as backend:
        initialize(backend)
        seconds["initialize"] = time.perf_counter() - began
        backend.request("models/load", {"bundle": str(bundle)})
        seconds["ready"] = time.perf_counter() - began
    for takes in (1, DEFAULT_TAKES):
        began = time.perf_counter()
        with Backend(folder, python, engine) as backend:
            initialize(backend)
            clip(backend, bundle, takes, seed=0)
            seconds[str(takes)] = time.perf_counter() - began
    return seconds


def starts(folder: Path, bundle: Path, ways: Mapping[str, str]) -> list[Compared]:
    """Cold starts of the engines in turn, after one round that is not counted (the files get into the cache)."""
    rounds: dict[str, list[dict[str, float]]] = {engine: [] for engine in ways}
    for counted in [False] + [True] * STARTS:
        for engine, python in ways.items():
            seconds = cold(folder, bundle, python, engine)
            if counted:
                rounds[engine].append(seconds)

    def row(what: str, name: str, wanted: float | None = None) -> Compared:
        return Compared(what, {engine: [r[name] for r in found] for engine, found in rounds.items()}, wanted=wanted)

    return [
        row("start to answered `initialize`", "initialize"),
        row("start to ready (bundle loaded)", "ready", READY),
        row("cold click to the first 5-s clip, 1 take", "1", FIRST_CLIP),
        row(f"cold click to the first 5-s clip, {DEFAULT_TAKES} takes (the default)", str(DEFAULT_TAKES), FIRST_CLIP),
    ]


def codes(bundle: Path) -> int:
    """Motion codes of one clip, a token each in bundles that do not spell them."""
    return math.ceil(SECONDS * bundles.load(bundle).features["fps"] / FRAMES_PER_CODE)


def warm(running: Mapping[str, Backend], bundle: Path) -> list[Compared]:
    """1, 4 and 8 takes of every engine in turn, and where the time of the default number goes."""
    stages: dict[int, dict[str, list[dict[str, float]]]] = {n: {engine: [] for engine in running} for n in TAKES}

    def make(engine: str, takes: int) -> None:
        answer, _ = clip(running[engine], bundle, takes, seed=1)
        stages[takes][engine].append(answer["report"]["stage_seconds"])

    def spent(n: int, stage: str) -> Samples:
        # the first round is not counted here either
        return {engine: [r[stage] for r in found[1:] if stage in r] for engine, found in stages[n].items()}

    cases = {f"{engine} {n}": partial(make, engine, n) for n in TAKES for engine in running}
    seconds = interleaved(cases, ROUNDS)
    takes = {n: {engine: seconds[f"{engine} {n}"] for engine in running} for n in TAKES}
    rows, wanted, count = [], {1: ONE_WARM, DEFAULT_TAKES: WARM_CLIP}, codes(bundle)
    for n in TAKES:
        what = f"5-s clip, warm, {n} take{'s' * (n > 1)}{' (the default)' * (n == DEFAULT_TAKES)}"
        rows.append(Compared(what, takes[n], wanted=wanted.get(n)))
    for n in TAKES[1:]:
        share = {engine: ratios(takes[n][engine], takes[1][engine]) for engine in running}
        rows.append(Compared(f"{n} takes : 1 take", share, "times", EIGHT_TO_ONE if n == TAKES[-1] else None))
    for n in TAKES:
        speed = {engine: [n * count / s for s in found] for engine, found in spent(n, "generate").items()}
        rows.append(Compared(f"{n} x {count} motion codes, prompt included", speed, "tokens/s"))
    for stage in next(iter(stages[DEFAULT_TAKES].values()))[-1]:
        rows.append(Compared(f"of the {DEFAULT_TAKES} takes: {stage}", spent(DEFAULT_TAKES, stage)))
    return rows


def memory(running: Mapping[str, Backend], field: str) -> Samples:
    return {engine: [process_facts.status(b.pid, field) * 1024 / MEGABYTE] for engine, b in running.items()}


def idle(running: Mapping[str, Backend]) -> Compared:
    """What the children cost while nobody asks them anything, as a share of one core."""
    time.sleep(SETTLE_SECONDS)
    before = {engine: process_facts.processor_seconds(b.pid) for engine, b in running.items()}
    time.sleep(IDLE_SECONDS)
    used = {engine: process_facts.processor_seconds(b.pid) - before[engine] for engine, b in running.items()}
    share = {engine: [100 * seconds / IDLE_SECONDS] for engine, seconds in used.items()}
    return Compared(f"processor of the idle child over {IDLE_SECONDS:g} s, of one core", share, "%", 0.0)


def cores(backend: Backend, bundle: Path) -> float:
    """How many cores it keeps busy while it makes clips."""
    began, before = time.perf_counter(), process_facts.processor_seconds(backend.pid)
    for seed in range(ROUNDS):
        clip(backend, bundle, TAKES[-1], seed)
    return (process_facts.processor_seconds(backend.pid) - before) / (time.perf_counter() - began)


def threads(folder: Path, bundle: Path, ways: Mapping[str, str], running: Mapping[str, Backend]) -> list[Compared]:
    """Cores in use as the child comes and when it is held to one thread, and the threads that it then has."""
    free, held, count = ({engine: [] for engine in ways} for _ in range(3))
    for engine, python in ways.items():
        free[engine].append(cores(running[engine], bundle))
        with Backend(folder, python, engine, threads=1) as backend:
            clip(backend, bundle, 1, seed=0)
            held[engine].append(cores(backend, bundle))
            count[engine].append(process_facts.status(backend.pid, "Threads"))
    return [
        Compared(f"cores in use while it makes {TAKES[-1]} takes", free, "cores"),
        Compared("the same with `--threads 1`", held, "cores", 1.0),
        Compared("threads of the child with `--threads 1`, those that wait included", count, "threads"),
    ]


def sizes(ways: Mapping[str, str]) -> list[Compared]:
    """The zip, which every engine needs, and what lies on the disk; with torch its packages are counted."""
    packed, unpacked_bytes = (n / 2**20 for n in install_size.zip_bytes())
    disk = {"numpy": [unpacked_bytes]}
    if "torch" in ways:
        disk["torch"] = [unpacked_bytes + install_size.packages_bytes(install_size.TORCH_PACKAGES) / 2**20]
    return [
        Compared("zip to download, default bundle included", {"numpy": [packed]}, "MiB", ZIP),
        Compared("on the disk: zip unpacked (torch: and its packages)", disk, "MiB"),
    ]


def measure(bundle: Path, ways: Mapping[str, str]) -> list[Compared]:
    """All rows for ``ways``, engine -> Python that runs it; ChildFailed when a backend does."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = unpacked(Path(name))
        rows = starts(folder, bundle, ways)
        running = {engine: stack.enter_context(Backend(folder, python, engine)) for engine, python in ways.items()}
        for backend in running.values():
            clip(backend, bundle, DEFAULT_TAKES, seed=0)
        facts = process_facts.there()
        after = []
        if facts:
            after.append(Compared("memory of the child, one clip made", memory(running, "VmRSS"), "MB", MEMORY))
        rows += warm(running, bundle)
        if facts:
            highest = Compared(f"memory, peak, {TAKES[-1]} takes made", memory(running, "VmHWM"), "MB", MEMORY)
            after += [highest, idle(running), *threads(folder, bundle, ways, running)]
    return [*rows, *after, *sizes(ways)]


def described(python: str) -> str:
    """Versions of the Python that runs the numpy engine; ChildFailed when it has no numpy."""
    try:
        done = subprocess.run([python, "-c", ASK], capture_output=True, text=True, timeout=60, check=False)
    except OSError as error:
        raise ChildFailed(f"{python} cannot be started: {error.strerror}") from error
    if done.returncode:
        raise ChildFailed(f"{python} cannot run the numpy engine:\n{done.stderr[-500:]}")
    return done.stdout.strip()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.generate", description=__doc__.split("\n")[0])
    parser.add_argument("--python", default=sys.executable, help="runs the numpy engine (default: this Python)")
    parser.add_argument(
        "--bundle", type=Path, default=bundles.default_bundle_path(), help="folder (default: the one shipped)"
    )
    parser.add_argument("--json", type=Path, help="write the rows here too")
    options = parser.parse_args(arguments)
    bundle = options.bundle.absolute()
    # a child runs in another folder; not resolved, because a virtual environment is known by its link
    python = os.path.abspath(options.python)
    ways = {"numpy": python}
    if importlib.util.find_spec("torch"):
        ways["torch"] = sys.executable
    others = Others()
    try:
        title = f"generate, bundle {bundle.name}, numpy engine in {described(python)}"
        rows = measure(bundle, ways)
    except ChildFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    here = machine(others)
    show_compared(title, here, rows, list(ways))
    if options.json:
        save(options.json, title, here, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
