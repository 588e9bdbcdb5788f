"""FBX and glTF files through Blender's own importers, see ``backend.command_line.bpy_files``."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from backend.command_line.bpy_files import ARMATURE, BpyError, armatures, arrays, posed
from backend.motion import bone_presets
from backend.motion.armature import Armature, Mapped
from backend.motion.bone_map import BoneMap, NoMapFits
from backend.motion.motion import Motion

ENVIRONMENT = Path(__file__).parents[3] / ".venv" / "bpy45"


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
    with armatures(path, python) as found:
        yield from _of_best_armature(path, found)


def _of_best_armature(path: Path, found: list[Path]) -> Iterator[Animation]:
    file, mapped = _best(path, found)
    made = arrays(path, file, ARMATURE)
    if not len(made["actions"]):
        raise BpyError(path, None, "holds an armature but no animation of it")
    names, parents = tuple(map(str, made["names"])), tuple(map(int, made["parents"]))
    try:
        body = Mapped(Armature(names, parents, made["rest"]), mapped)
    except ValueError as error:
        raise BpyError(path, None, str(error)) from error
    fps, actions = tuple(made["fps"]), plain_names(made["actions"])

    def motion(key: str) -> Motion | str:
        try:
            return body.motion(arrays(path, file, {key: posed(len(names))})[key], fps)
        except ValueError as reason:
            return str(reason)

    for k, (name, reason) in enumerate(zip(actions, map(str, made["reasons"]))):
        yield Animation(name, len(actions), reason or motion(f"action{k}"), mapped)


def _best(path: Path, found: list[Path]) -> tuple[Path, BoneMap]:
    """The armature with most mapped bones; NoMapFits, that of the first, when none is mapped."""
    fits, failures = [], []
    for file in found:
        names = list(map(str, arrays(path, file, {"names": ARMATURE["names"]})["names"]))
        try:
            fits.append((file, bone_presets.match(names)))
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
