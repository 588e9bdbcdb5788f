"""Which bones have a say in where some others stand: the rest of a control rig need not be evaluated for them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import bpy

from ..reading.read_constraints import CHAINS, bent_by

_BONE = re.compile(r'\bbones\["((?:[^"\\]|\\.)*)"\]')


def needed(rig: bpy.types.Object, wanted: Iterable[str]) -> set[str]:
    """``wanted`` and all that they hang on: as children, through constraints, inverse kinematics and drivers."""
    rules = _drivers(rig) | _drivers(rig.data)
    benders = _benders(rig)
    todo, found = [*wanted, *(b for k, sources in rules.items() if k is None for b in sources)], set()
    while todo:
        bone = rig.pose.bones.get(todo.pop())
        if bone is None or bone.name in found:
            continue
        found.add(bone.name)
        todo += _above(rig, bone)
        todo += benders.get(bone.name, ())
        todo += rules.get(bone.name, ())
    return found


def owner_of(curve: bpy.types.FCurve) -> str | None:
    """The bone that the curve or driver is on; None when it is on something else."""
    found = _BONE.search(curve.data_path)
    return bpy.utils.unescape_identifier(found[1]) if found is not None else None


def _above(rig: bpy.types.Object, bone: bpy.types.PoseBone) -> Iterator[str]:
    """What the bone hangs on by itself."""
    for other in (bone.parent, bone.bbone_custom_handle_start, bone.bbone_custom_handle_end):
        if other is not None:
            yield other.name
    for c in bone.constraints:
        for aim in (c, *getattr(c, "targets", ())):
            for thing, name in (
                ("target", "subtarget"),
                ("pole_target", "pole_subtarget"),
                ("space_object", "space_subtarget"),
            ):
                if getattr(aim, thing, None) == rig and getattr(aim, name, ""):
                    yield getattr(aim, name)


def _benders(rig: bpy.types.Object) -> dict[str, list[str]]:
    """Bone -> the bones whose inverse kinematics bend it."""
    found: dict[str, list[str]] = {}
    for bone in rig.pose.bones:
        for c in bone.constraints:
            for bent in bent_by(bone, c) if c.type in CHAINS else ():
                found.setdefault(bent.name, []).append(bone.name)
    return found


def _drivers(thing: bpy.types.ID) -> dict[str | None, list[str]]:
    """Bone -> the bones that its drivers read; None -> those that the drivers of anything else read."""
    found: dict[str | None, list[str]] = {}
    for curve in thing.animation_data.drivers if thing.animation_data is not None else ():
        sources = found.setdefault(owner_of(curve), [])
        for aim in (aim for variable in curve.driver.variables for aim in variable.targets):
            sources += [aim.bone_target, *map(bpy.utils.unescape_identifier, _BONE.findall(aim.data_path))]
    return found
