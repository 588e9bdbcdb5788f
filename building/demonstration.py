"""``build_addon.py demo``: from nothing to a keyframed character; each fragile part runs in a process of its own."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

from . import environments, packing, processes, system_libraries
from .console import Console, Failure
from .environments import BACKEND, BPY45, ROOT

GENERATE_LIMIT_S = 300
RENDER_LIMIT_S = 240
FILES = ("demo.blend", "demo.glb", "demo.bvh", "demo.png")
REPORT = "demo-report.json"


def run(console: Console, prompt: str, seconds: float, seed: int, out: Path) -> int:
    """Make the files of the demo in ``out``; returns 0 if all of them are there, else 1 (what is there stays)."""
    out = out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    for name in (*FILES, REPORT):
        (out / name).unlink(missing_ok=True)
    backend_python = environments.ensure(BACKEND, console)
    blender_python = environments.ensure(BPY45, console)
    lacking = system_libraries.missing(BPY45)
    if lacking:
        console.failure(system_libraries.failure(lacking, "Blender cannot start, so only demo.bvh can be made"))
        _without_blender(console, backend_python, prompt, seconds, seed, out)
        _print_files(console, out)
        return 1
    zip_path = packing.build_and_validate(console)
    with tempfile.TemporaryDirectory(prefix="posewright-profile-") as profile:
        env = {**os.environ, "BLENDER_USER_RESOURCES": profile, "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT)}
        task = {
            "zip": str(zip_path),
            "backend_python": str(backend_python),
            "prompt": prompt,
            "seconds": seconds,
            "seed": seed,
            "out": str(out),
        }
        with console.step(f"Generating: {prompt!r}, {seconds:g} s, seed {seed}"):
            command = [blender_python, "-m", "demo.generate", json.dumps(task)]
            _child(console, command, GENERATE_LIMIT_S, env, "The demo inside Blender")
        pictured = _render(console, blender_python, out, env)
    _print_report(console, out)
    _print_files(console, out)
    return 0 if pictured and all((out / name).is_file() for name in FILES) else 1


def _without_blender(console: Console, backend_python: Path, prompt: str, seconds: float, seed: int, out: Path) -> None:
    """demo.bvh by the backend's command line: the one file that needs no Blender."""
    command = [backend_python, "-m", "backend", "generate", prompt, "--seconds", str(seconds), "--seed", str(seed)]
    with console.step("Generating without Blender"):
        done = processes.run([*command, "--takes", "4", "--out", out / "demo.bvh"], GENERATE_LIMIT_S, cwd=ROOT)
        if not done.ok:
            raise Failure(f"The backend stopped ({done.why()}):\n{done.tail(10)}", "See the lines above.")
        console.note("report: " + done.tail(1))


def _render(console: Console, blender_python: Path, out: Path, env: dict[str, str]) -> bool:
    """The contact sheet; whatever goes wrong here is said and costs this file alone."""
    try:
        with console.step("Rendering the contact sheet (Cycles on the processor)"):
            command = [blender_python, "-m", "demo.render", out / "demo.blend", out / "demo.png"]
            _child(console, command, RENDER_LIMIT_S, env, "Rendering")
    except Failure as failure:
        console.failure(failure)
        console.line("The other files are not affected.")
        return False
    return True


def _child(console: Console, command: list, limit_s: float, env: dict[str, str], what: str) -> None:
    """Run a step of the demo inside Blender's Python; lines that begin with "> " are for the reader."""

    def show(line: str) -> None:
        if line.startswith("> "):
            console.note(line[2:])

    def beat(quiet_s: float) -> None:
        console.note(f"{quiet_s:.0f} s, still at work")

    done = processes.run(command, limit_s, show, beat, env, ROOT)
    if done.ok:
        return
    lacking = system_libraries.named_in("\n".join(done.lines))
    if lacking:
        raise system_libraries.failure(lacking, f"{what} stopped")
    said = [line[2:] for line in done.lines if line.startswith("! ")]
    if said:
        raise Failure(f"{what} stopped: {said[0]}", " ".join(said[1:]))
    remedy = "The lines above are the end of its output. Run the command again; if it fails again, report these lines."
    raise Failure(f"{what} stopped ({done.why()}):\n{done.tail(25)}", remedy)


def _print_report(console: Console, out: Path) -> None:
    path = out / REPORT
    if not path.is_file():
        return
    console.line("\nReport")
    for label, value in json.loads(path.read_text(encoding="utf-8")):
        console.line(f"  {label:<24} {value}")


def _print_files(console: Console, out: Path) -> None:
    console.line("\nFiles")
    for name in (*FILES, REPORT):
        path = out / name
        size = f"{path.stat().st_size / 1024:8.0f} KiB" if path.is_file() else " MISSING    "
        console.line(f"  {size}  {path}")
    if (out / "demo.blend").is_file():
        console.line(f"\nOpen it with: blender {out / 'demo.blend'}")
    console.line(f"Whole run: {console.seconds:.1f} s with Python {sys.version_info[0]}.{sys.version_info[1]}")
