"""FBX and glTF files through Blender's own importers, in a process of bpy's own: see ``bpy_worker``."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backend.motion import bone_map
from backend.motion.bone_map import BoneMap, NoMapFits
from backend.motion.formats.bounded_npz import ArraysError, Wanted, read_arrays
from backend.motion.formats.text import FormatError, Limits, check_file
from backend.motion.motion import Motion

from .armature import Armature, Mapped

SUFFIXES = (".fbx", ".glb", ".gltf")
WORKER = Path(__file__).with_name("bpy_worker.py")
ENVIRONMENT = Path(__file__).parents[3] / ".venv" / "bpy45"
MOST_BYTES = 2**30
SECONDS = 600
"""for one file: half an hour of a figure at 120 fps takes less than half of it"""
_LIMITS = Limits(file_bytes=2**32, frames=1_000_000, values=100_000_000)
_TEXTS = Wanted("U", (("A",),))
_ARMATURE = {
    "names": Wanted("U", (("J",),)),
    "parents": Wanted("i", (("J",),)),
    "rest": Wanted("f", (("J", 3, 4),)),
    "fps": Wanted("f", ((2,),)),
    "actions": _TEXTS,
    "reasons": _TEXTS,
}
"""what ``bpy_worker`` writes of every armature, besides its actions"""


class BpyError(FormatError):
    """A file that bpy cannot read, or in which nobody moves."""


@dataclass(frozen=True, eq=False)
class Animation:
    """One action of a file that has ``of`` of them. Where there is no ``motion`` it is the reason, a string."""

    name: str
    of: int
    motion: Motion | str
    bone_map: BoneMap


def find_python(given: Path | None = None) -> Path:
    """A Python that can import bpy: the one ``given``, the running one, or that of .venv/bpy45. FileNotFoundError says
    what to install."""
    if given is not None:
        if not given.is_file():
            raise FileNotFoundError(f"--bpy-python {given} is not there; give the Python in which bpy is installed")
        return given
    if importlib.util.find_spec("bpy"):
        return Path(sys.executable)
    for name in ("bin/python", "Scripts/python.exe"):
        if (ENVIRONMENT / name).exists():
            return ENVIRONMENT / name
    raise FileNotFoundError(
        "FBX and glTF files are read by Blender as a Python module, and none is at hand: 'python3 build_addon.py test' "
        "makes .venv/bpy45, or 'pip install bpy==4.5.15' in a Python 3.11, to be given with --bpy-python"
    )


def animations(path: Path, python: Path) -> Iterator[Animation]:
    """Those of the armature of ``path`` with most mapped bones, one after the other. BpyError for a file that cannot be
    read, that holds no armature or no animation; NoMapFits where no armature is mapped."""
    check_file(path, BpyError, MOST_BYTES)
    with tempfile.TemporaryDirectory(prefix="posewright-bpy-") as scratch:
        _run(path, python, scratch)
        found = sorted(Path(scratch).glob("*.npz"))
        if not found:
            raise BpyError(path, None, "holds no armature")
        yield from _of_best_armature(path, found)


def _run(path: Path, python: Path, scratch: str) -> None:
    command = [str(python), str(WORKER), str(path.absolute()), scratch]
    environment = {**os.environ, "BLENDER_USER_RESOURCES": scratch}  # neither settings nor add-ons of the user
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, errors="replace", timeout=SECONDS
        )
    except subprocess.TimeoutExpired as reason:
        raise BpyError(path, None, f"bpy was not done with it after {SECONDS} seconds") from reason
    if done.returncode:
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise BpyError(path, None, f"bpy ended with {done.returncode} ({said[-1][:300] if said else 'no message'})")


def _of_best_armature(path: Path, found: list[Path]) -> Iterator[Animation]:
    file, mapped = _best(path, found)
    arrays = _arrays(path, file, _ARMATURE)
    if not len(arrays["actions"]):
        raise BpyError(path, None, "holds an armature but no animation of it")
    names, parents = tuple(map(str, arrays["names"])), tuple(map(int, arrays["parents"]))
    try:
        body = Mapped(Armature(names, parents, arrays["rest"]), mapped)
    except ValueError as error:
        raise BpyError(path, None, str(error)) from error
    fps, actions = tuple(arrays["fps"]), plain_names(arrays["actions"])

    def motion(key: str) -> Motion | str:
        posed = Wanted("f", (("T", len(names), 3, 4),))
        try:
            return body.motion(_arrays(path, file, {key: posed})[key], fps)
        except ValueError as reason:
            return str(reason)

    for k, (name, reason) in enumerate(zip(actions, map(str, arrays["reasons"]))):
        yield Animation(name, len(actions), reason or motion(f"action{k}"), mapped)


def _arrays(path: Path, file: Path, wanted: dict[str, Wanted]) -> dict[str, np.ndarray]:
    """All ``wanted`` arrays of what bpy made of ``path``, checked as a file of anybody: it is as sound as its maker."""
    try:
        found = read_arrays(file, wanted, _LIMITS)
    except ArraysError as reason:
        raise BpyError(path, None, f"bpy made of it what cannot be read ({reason})") from reason
    missing = [key for key in wanted if key not in found]
    if missing:
        raise BpyError(path, None, f"bpy made of it what lacks {', '.join(missing)}")
    return found


def _best(path: Path, found: list[Path]) -> tuple[Path, BoneMap]:
    """The armature with most mapped bones; NoMapFits, that of the first, when none is mapped."""
    fits, failures = [], []
    for file in found:
        names = list(map(str, _arrays(path, file, {"names": _ARMATURE["names"]})["names"]))
        try:
            fits.append((file, bone_map.match(names)))
        except NoMapFits as reason:
            failures.append(reason)
    if not fits:
        raise failures[0]
    return max(fits, key=lambda fit: sum(map(len, fit[1].slots.values())))


def plain_names(names) -> list[str]:
    """Names of actions as people gave them, without what importers and exporters put around them ("Armature|Walk",
    "Armature|Walk|BaseLayer"); as they are where that would make two equal."""
    plain = []
    for name in map(str, names):
        parts = [part for part in name.split("|") if part]
        while len(parts) > 1 and parts[-1].lower().replace(" ", "").rstrip("0123456789") in ("layer", "baselayer"):
            parts.pop()
        plain.append(parts[-1] if parts else name)
    return plain if len(set(plain)) == len(plain) else [str(n) for n in names]
