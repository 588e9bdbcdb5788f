"""Rigs at rest out of files, in metres, Y up."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..motion.axes import vectors_to_y_up
from ..motion.formats import bvh
from ..motion.formats.bounded_npz import Wanted
from ..motion.formats.text import LIMITS, FormatError, read_text
from ..motion.formats.vrm import humanoid_table
from ..motion.rest_rig import RestRig
from ..wire import RequestError
from . import bpy_files, files

ENDINGS = (".bvh", ".npz", ".json", *bpy_files.SUFFIXES)
WANTED = bpy_files.ARMATURE | {"tails": Wanted("f", (("J", 3),)), "deform": Wanted("b", (("J",),))}


class RigError(FormatError):
    """A rig file that cannot be read."""


def read(path: Path) -> list[RestRig]:
    """The rigs of a file: one, or the armatures of an FBX or glTF. RequestError or FormatError says what is wrong."""
    suffix = path.suffix.lower()
    if suffix == ".bvh":
        loaded = bvh.load(path)
        return [RestRig.of(loaded.motion.skeleton, loaded.end_sites)]
    if suffix == ".npz":
        return [RestRig.of(files.read_npz(path).skeleton)]
    if suffix == ".json":
        return [_of_json(path)]
    if suffix in bpy_files.SUFFIXES:
        with bpy_files.armatures(path, bpy_python(path)) as found:
            return [of_arrays(path, bpy_files.arrays(path, file, WANTED)) for file in found]
    raise RequestError("bad_file", f"{path} is no kind of rig", f"Name a file that ends in {', '.join(ENDINGS)}.")


def bpy_python(path: Path) -> Path:
    """The running Python; RequestError where it cannot read such a file as ``path``."""
    if importlib.util.find_spec("bpy") is None:
        raise RequestError(
            "bad_file",
            f"{path.suffix} files are read by Blender as a Python module (bpy), which {sys.executable} does not have",
            "Run the same command with a Python that has it: .venv/bpy45/bin/python -m backend retarget ... "
            "('python3 build_addon.py test' makes that one).",
        )
    return Path(sys.executable)


def of_arrays(path: Path, made: Mapping[str, np.ndarray]) -> RestRig:
    """What ``bpy_worker`` wrote of an armature of ``path``. FormatError when that is a VRM whose table is broken."""
    names, parents = tuple(map(str, made["names"])), tuple(map(int, made["parents"]))
    heads, tails = vectors_to_y_up(made["rest"][..., 3]), vectors_to_y_up(made["tails"])
    return RestRig(names, parents, heads, tails, made["deform"], humanoid_table(path))


def _of_json(path: Path) -> RestRig:
    """bone -> parent ("" or null: none), head, tail; Blender's axes, metres."""
    try:
        found = json.loads(read_text(path, RigError, LIMITS.skeleton_bytes))
        parents = {name: bone["parent"] or None for name, bone in found.items()}
        ends = {name: np.array([bone["head"], bone["tail"]], float) for name, bone in found.items()}
    except (ValueError, RecursionError) as error:
        raise RigError(path, None, f"is no JSON of bones: {error}") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise RigError(path, None, f"needs bone -> parent, head and tail ({error!r})") from error
    if not 1 <= len(parents) <= LIMITS.joints:
        raise RigError(path, None, f"has {len(parents)} bones; accepted: 1 to {LIMITS.joints}")
    names = _parents_first(path, parents)
    places = np.stack([ends[name] for name in names]) if _all_points(ends) else None
    if places is None:
        raise RigError(path, None, "needs three finite numbers for every head and tail")
    index = {name: i for i, name in enumerate(names)}
    above = tuple(-1 if parents[name] is None else index[parents[name]] for name in names)
    heads, tails = (vectors_to_y_up(places[:, k]) for k in (0, 1))
    return RestRig(names, above, heads, tails, np.ones(len(names), bool))


def _all_points(ends: Mapping[str, np.ndarray]) -> bool:
    return all(places.shape == (2, 3) and np.isfinite(places).all() for places in ends.values())


def _parents_first(path: Path, parents: Mapping[str, str | None]) -> tuple[str, ...]:
    ordered: dict[str, None] = {}
    waiting = list(parents)
    while waiting:
        ready = [name for name in waiting if parents[name] is None or parents[name] in ordered]
        if not ready:
            raise RigError(path, None, f"the parents of {waiting[0]!r} are not there, or hang on it")
        ordered |= dict.fromkeys(ready)
        waiting = [name for name in waiting if name not in ordered]
    return tuple(ordered)
