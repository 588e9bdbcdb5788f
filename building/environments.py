"""Virtual environments under ``.venv/``: made once from the pins of pyproject.toml, re-used while these stay."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path

from . import processes, pythons, torch_index
from .console import Console, Failure

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = Path(__file__).resolve().parent / "constraints.txt"
STAMP = "posewright-stamp.txt"
INSTALL_LIMIT_S = 40 * 60
SHOWN = ("Downloading", "Installing", "Successfully", "ERROR", "error:", "Building", "Using cached")


@dataclass(frozen=True)
class Environment:
    """``name`` is the folder under .venv/, ``extras`` the lists of pyproject.toml that go in, ``use`` says what for."""

    name: str
    python: tuple[int, int]
    extras: tuple[str, ...]
    use: str

    @property
    def folder(self) -> Path:
        return ROOT / ".venv" / self.name

    @property
    def executable(self) -> Path:
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def version(self) -> str:
        return f"{self.python[0]}.{self.python[1]}"

    def site_packages(self) -> Path:
        if os.name == "nt":
            return self.folder / "Lib" / "site-packages"
        return self.folder / "lib" / f"python{self.version}" / "site-packages"


TORCH = Environment("py311", (3, 11), ("training", "mesh", "dev"), "the torch engine, training, checks and tests")
BPY42 = Environment("bpy42", (3, 11), ("bpy42",), "Blender 4.2 LTS as a Python module")
BPY45 = Environment("bpy45", (3, 11), ("bpy45",), "Blender 4.5 LTS as a Python module")
BPY52 = Environment("bpy52", (3, 13), ("bpy52",), "Blender 5.2 LTS as a Python module")
# newest first: its validator knows the most
BLENDERS = (BPY52, BPY45, BPY42)


def requirements(environment: Environment) -> list[str]:
    """The pinned requirement lines of the environment's extras and of those that they name, each once."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines: dict[str, None] = {}

    def add(extra: str) -> None:
        for line in project["optional-dependencies"][extra]:
            own = re.fullmatch(rf"{project['name']}\[(\w+)\]", line)
            if own:
                add(own.group(1))
            else:
                lines[line] = None

    for extra in environment.extras:
        add(extra)
    return list(lines)


def stamp_of(environment: Environment) -> str:
    """A hash over everything that decides what the environment holds."""
    text = "\n".join([environment.version, *requirements(environment), CONSTRAINTS.read_text(encoding="utf-8")])
    return hashlib.sha256(text.encode()).hexdigest()


def is_ready(environment: Environment) -> bool:
    """Whether the environment was finished from the present pins and its interpreter still starts."""
    stamp = environment.folder / STAMP
    if not stamp.is_file() or stamp.read_text(encoding="utf-8").strip() != stamp_of(environment):
        return False
    return pythons.answers(environment.executable, environment.version)


def ensure(environment: Environment, console: Console) -> Path:
    """Make the environment or re-use it; returns its interpreter. Failure says what is missing and what to do."""
    with console.step(f"Environment .venv/{environment.name}: {environment.use}"):
        if is_ready(environment):
            console.note("ready, nothing to install")
            return environment.executable
        stamp = stamp_of(environment)
        base = pythons.find(environment.python)
        if base is None:
            raise Failure(
                f"No Python {environment.version} was found (looked at this one, PATH, pyenv and uv).",
                f"Install Python {environment.version} (https://www.python.org/downloads/, or `pyenv install "
                f"{environment.version}`) and run the command again.",
            )
        if environment.folder.exists():
            console.note("found unfinished or made from other pins: made anew")
            shutil.rmtree(environment.folder)
        _create(environment, base, console)
        _install(environment, console)
        (environment.folder / STAMP).write_text(stamp + "\n", encoding="utf-8")
    return environment.executable


def _create(environment: Environment, base: Path, console: Console) -> None:
    console.note(f"making it with {base}")
    made = processes.run([base, "-m", "venv", environment.folder], limit_s=300)
    if made.ok:
        return
    shutil.rmtree(environment.folder, ignore_errors=True)
    if "ensurepip" in made.tail():
        raise Failure(
            f"{base} cannot make virtual environments: its ensurepip module is missing.",
            f"On Debian and Ubuntu: apt install python{environment.version}-venv. Then run the command again.",
        )
    raise Failure(f"Making {environment.folder} failed ({made.why()}):\n{made.tail(15)}", "See the lines above.")


def _install(environment: Environment, console: Console) -> None:
    lines = requirements(environment)
    index: list[str] = []
    if any(line.startswith("torch") for line in lines):
        index, why = torch_index.arguments(environment.executable)
        console.note(why)
    console.note("installing " + ", ".join(lines))
    command = [environment.executable, "-m", "pip", "install", "--no-input", "--progress-bar", "off"]
    command += ["--disable-pip-version-check", "-c", CONSTRAINTS, *index, *lines]

    def show(line: str) -> None:
        if line.lstrip().startswith(SHOWN):
            console.note(f"{console.seconds:6.1f} s  {line.strip()[:150]}")

    done = processes.run(
        command,
        INSTALL_LIMIT_S,
        show,
        heartbeat=lambda s: console.note(f"{console.seconds:6.1f} s  still at work ({s:.0f} s in this step)"),
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    if not done.ok:
        errors = [line for line in done.lines if "ERROR" in line or "error" in line.lower()]
        detail = "\n".join(errors[-8:] or done.lines[-15:])
        raise Failure(
            f"pip could not fill .venv/{environment.name} ({done.why()}):\n{detail}",
            "Check the network and the free disk space (1 GB for the demo, 4.5 GB for all tests), then run it again; "
            f"it starts this environment anew. By hand: {' '.join(str(c) for c in command)}",
        )
