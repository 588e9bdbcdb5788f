"""Motions out of files of any humanoid, on the skeleton that the file has, and what its joints are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..motion import z_up
from ..motion.armature import Armature, Mapped
from ..motion.bone_map import BoneMap
from ..motion.formats import bvh
from ..motion.formats.text import FormatError
from ..motion.motion import Motion
from ..motion.rest_pose import as_ours
from ..motion.rest_rig import RestRig
from ..wire import RequestError
from . import bpy_files, files, maps, rigs

ENDINGS = (*files.ENDINGS, *bpy_files.SUFFIXES)
OPTION = "--source-map"


@dataclass(frozen=True, eq=False)
class Source:
    """``bone_map``: None where the joints have the slots' names."""

    motion: Motion
    bone_map: BoneMap | None
    warnings: tuple[str, ...] = ()


def read(path: Path, given: Path | None) -> Source:
    """The motion of a file, mapped by the file ``given`` or by itself. RequestError or FormatError says what is
    wrong."""
    suffix = path.suffix.lower()
    if suffix in bpy_files.SUFFIXES:
        with bpy_files.armatures(path, rigs.bpy_python(path)) as found:
            return _of_armatures(path, found, given)
    if suffix == ".npz":
        motion, notes, ends = files.read_npz(path), (), {}
    elif suffix == ".bvh":
        loaded = bvh.load(path)
        motion, notes, ends = loaded.motion, loaded.notes, loaded.end_sites
    else:
        raise RequestError("bad_file", f"{path} holds no motion", f"Name a file that ends in {', '.join(ENDINGS)}.")
    ours = files.named_as_ours(motion)
    if ours is not None and given is None:
        return Source(ours, None, notes)
    mapped = maps.choose(path, [RestRig.of(motion.skeleton, ends)], given, OPTION)
    motion, turned = z_up.y_up(motion, mapped.bone_map)
    return _source(path, motion, mapped, (*notes, z_up.WARNING) if turned else notes)


def _of_armatures(path: Path, found: Sequence[Path], given: Path | None) -> Source:
    """The first action of the armature that is mapped best."""
    made = [bpy_files.arrays(path, file, rigs.WANTED) for file in found]
    moving = [k for k, arrays in enumerate(made) if "" in arrays["reasons"].tolist()]
    if not moving:
        raise bpy_files.BpyError(path, None, "holds an armature but no animation of it")
    mapped = maps.choose(path, [rigs.of_arrays(path, made[k]) for k in moving], given, OPTION)
    which = moving[mapped.which]
    arrays = made[which]
    names, parents = tuple(map(str, arrays["names"])), tuple(map(int, arrays["parents"]))
    k = arrays["reasons"].tolist().index("")
    key, others = f"action{k}", [str(name) for i, name in enumerate(arrays["actions"]) if i != k]
    posed = bpy_files.arrays(path, found[which], {key: bpy_files.posed(len(names))})[key]
    try:
        body = Mapped(Armature(names, parents, arrays["rest"]), mapped.bone_map)
        motion = body.motion(posed, tuple(arrays["fps"]))
    except ValueError as error:
        raise bpy_files.BpyError(path, None, str(error)) from error
    chosen = f"{path.name}: {arrays['actions'][k]} is taken, not {', '.join(others[:5])}"
    return _source(path, motion, mapped, (chosen,) if others else ())


def _source(path: Path, motion: Motion, mapped: maps.Chosen, notes: Sequence[str]) -> Source:
    """What its joints' places do not show of a recording's rest pose is mended."""
    try:
        return Source(as_ours(motion, mapped.bone_map), mapped.bone_map, (*notes, *mapped.warnings))
    except ValueError as error:
        raise FormatError(path, None, str(error)) from error
