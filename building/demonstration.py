"""``build_addon.py demo``: from nothing to a keyframed character; each fragile part runs in a process of its own."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import environments, offline, packing, processes, system_libraries
from .console import Console, Failure
from .environments import BPY45, ROOT, TORCH

GENERATE_LIMIT_S = 300
RENDER_LIMIT_S = 240
FILES = ("demo.blend", "demo.glb", "demo.bvh", "demo.png")
REPORT = "demo-report.json"
# the backend has the same engines and limits, but needs numpy; a test holds the two together
ENGINES = ("auto", "numpy", "torch")
MAX_CHARACTERS = 500
MIN_SECONDS, MAX_SECONDS = 0.2, 10.0
MAX_SEED = 2**31 - 1


@dataclass(frozen=True)
class Wish:
    """What the demo is asked for; 0 seconds let the model choose. The engine "torch" needs an environment of its own,
    the others run in Blender's own Python."""

    prompt: str
    seconds: float
    seed: int
    engine: str = "auto"

    def check(self) -> None:
        """Failure for what the backend would refuse later, after minutes."""
        if not self.prompt.strip():
            raise Failure("The prompt is empty.", 'Say what the character does, e.g. "a person walks forward".')
        if len(self.prompt) > MAX_CHARACTERS:
            raise Failure(
                f"The prompt has {len(self.prompt)} characters; up to {MAX_CHARACTERS} are read.", "Shorten the prompt."
            )
        if self.seconds != 0 and not MIN_SECONDS <= self.seconds <= MAX_SECONDS:
            raise Failure(
                f"--seconds {self.seconds:g} cannot be made; a motion has {MIN_SECONDS:g} to {MAX_SECONDS:g} seconds.",
                "Choose another --seconds; 0 lets the model choose.",
            )
        if not 0 <= self.seed <= MAX_SEED:
            raise Failure(f"--seed {self.seed} lies outside 0 to {MAX_SEED}.", "Choose another --seed.")

    def __str__(self) -> str:
        length = f"{self.seconds:g} s" if self.seconds else "as long as the model chooses"
        return f"{self.prompt!r}, {length}, seed {self.seed}, engine {self.engine}"


def run(console: Console, wish: Wish, out: Path) -> int:
    """Make the files of the demo in ``out``; returns 0 if all of them were made, else 1.

    They are made beside the old ones, and each replaces its old one only when the whole command has come that far.
    """
    wish.check()
    out = out.resolve()
    try:
        out.mkdir(parents=True, exist_ok=True)
        making = tempfile.TemporaryDirectory(prefix=".unfinished-", dir=out)
    except OSError as error:
        raise Failure(f"The folder {out} cannot be written: {error.strerror}.", "Choose another --out.") from error
    with making as folder:
        complete = _make(console, wish, Path(folder))
        made = [name for name in (*FILES, REPORT) if (Path(folder) / name).is_file()]
        for name in made:
            os.replace(Path(folder) / name, out / name)
    if REPORT in made:
        _print_report(console, out)
    _print_files(console, out, made)
    return 0 if complete and set(FILES) <= set(made) else 1


def _make(console: Console, wish: Wish, folder: Path) -> bool:
    """Fill ``folder``; False if something is missing for a reason that was printed. Failure if nothing was made."""
    blender_python = environments.ensure(BPY45, console)
    torch_python = environments.ensure(TORCH, console) if wish.engine == "torch" else None
    lacking = system_libraries.missing(BPY45)
    if lacking:
        console.failure(system_libraries.failure(lacking, "Blender cannot start, so only demo.bvh can be made"))
        # no Blender, but its Python has numpy
        _without_blender(console, torch_python or blender_python, wish, folder)
        return False
    zip_path = packing.build_and_validate(console)
    with tempfile.TemporaryDirectory(prefix="posewright-profile-") as profile:
        env = {**os.environ, "BLENDER_USER_RESOURCES": profile, "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT)}
        task = {
            "zip": str(zip_path),
            "engine": wish.engine,
            "python": str(torch_python or ""),
            "prompt": wish.prompt,
            "seconds": wish.seconds,
            "seed": wish.seed,
            "out": str(folder),
        }
        with console.step(f"Generating: {wish}"):
            cut = offline.prefix()
            off = f"is off for it ({' '.join(cut)})" if cut else "cannot be switched off for it on this system"
            console.note(f"networking is not used, and {off}")
            command = [*cut, blender_python, "-m", "demo.generate", json.dumps(task)]
            _child(console, command, GENERATE_LIMIT_S, env, "The demo inside Blender")
        return _render(console, blender_python, folder, env)


def without_blender_command(python: Path, wish: Wish, out: Path) -> list[str | Path]:
    """The backend's command line for a wish; without --seconds the model chooses."""
    command = [python, "-m", "backend", "generate", wish.prompt, "--seed", str(wish.seed), "--takes", "4"]
    if wish.seconds:
        command += ["--seconds", str(wish.seconds)]
    return [*command, "--engine", wish.engine, "--fps", "24", "--out", out]


def _without_blender(console: Console, python: Path, wish: Wish, folder: Path) -> None:
    """demo.bvh by the backend's command line: the one file that needs no Blender."""
    with console.step(f"Generating without Blender: {wish}"):
        command = without_blender_command(python, wish, folder / "demo.bvh")
        done = processes.run(command, GENERATE_LIMIT_S, cwd=ROOT)
        if not done.ok:
            raise Failure(f"The backend stopped ({done.why()}):\n{done.tail(10)}", "See the lines above.")
        # the file is moved from here to its place afterwards
        console.note("report: " + done.tail(1).replace(f"{folder}{os.sep}", ""))


def _render(console: Console, blender_python: Path, folder: Path, env: dict[str, str]) -> bool:
    """The contact sheet; whatever goes wrong here is said and costs this file alone."""
    try:
        with console.step("Rendering the contact sheet (Cycles on the processor)"):
            command = [blender_python, "-m", "demo.render", folder / "demo.blend", folder / "demo.png"]
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
    console.line("\nReport")
    for label, value in json.loads((out / REPORT).read_text(encoding="utf-8")):
        console.line(f"  {label:<24} {value}")


def _print_files(console: Console, out: Path, made: list[str]) -> None:
    """Every file with its size; a file that was not made is never passed off as new."""
    console.line("\nFiles")
    for name in (*FILES, REPORT):
        path = out / name
        size = f"{path.stat().st_size / 1024:8.0f} KiB" if name in made else "    NOT MADE"
        old = "  (there is one of an earlier run)" if name not in made and path.is_file() else ""
        console.line(f"  {size}  {path}{old}")
    if "demo.blend" in made:
        console.line(f"\nOpen it with: blender {out / 'demo.blend'}")
    console.line(f"Whole run: {console.seconds:.1f} s with Python {sys.version_info[0]}.{sys.version_info[1]}")
