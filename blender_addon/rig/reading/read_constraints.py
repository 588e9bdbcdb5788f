"""Blender's constraints, as its evaluated rig has them now (drivers included), to what ``constraints`` knows."""

from __future__ import annotations

import bpy
import numpy as np

from ...backend.motion import rotations as rot
from ..solving.constraints import Constraint, Copy, Follow, Near, Unknown, needed
from .driven import Driven

_ONLY_SCALE = ("COPY_SCALE", "LIMIT_SCALE", "MAINTAIN_VOLUME")
"""the pose is made at rest size, so these change nothing"""
CHAINS = ("IK", "SPLINE_IK")
_COPIED = {"COPY_TRANSFORMS": (True, True), "COPY_ROTATION": (True, False), "COPY_LOCATION": (False, True)}
_SAME_PLACE = ("WORLD", "POSE")
"""spaces that say the same as long as both bones are in one armature"""


def acting(bone: bpy.types.PoseBone) -> list[bpy.types.Constraint]:
    """The constraints that act on the bone's place."""
    return [c for c in bone.constraints if not c.mute and c.influence and c.is_valid and c.type not in _ONLY_SCALE]


class Reader:
    """The constraints of the bones of ``rig``; ``posed`` is its evaluated copy."""

    def __init__(self, rig: bpy.types.Object, posed: bpy.types.Object, driven: Driven):
        self._rig, self._posed = rig, posed
        self._chains, self._driven = chains(posed), driven

    def of(self, bone: str) -> tuple[Constraint, ...]:
        """What they come to, in their order."""
        # first in the list: a later constraint may leave nothing of what a driver does
        out: list[Constraint] = [Unknown("is moved by a driver that follows the pose")] * self._driven.bone(bone)
        for c in acting(self._posed.pose.bones[bone]):
            out += self._read(bone, c)
        if bone in self._chains:
            out.append(Unknown("is bent by inverse kinematics"))
        return needed(out)

    def _read(self, bone: str, c: bpy.types.Constraint) -> list[Constraint]:
        if self._driven.constraint(bone, c.name):
            return [Unknown(f"has a constraint '{c.name}' with a driver that follows the pose")]
        if c.type == "ARMATURE":
            return self._follow_weighted(c)
        target = getattr(c, "target", None)
        if target is not None and target not in (self._rig, self._posed):
            return [Unknown(f"follows '{target.name}', which is not part of the rig")]
        if c.type in _COPIED and c.subtarget:
            return [_copy(c)]
        if c.type == "CHILD_OF" and c.subtarget:
            return [self._child_of(c)]
        if c.type == "LIMIT_DISTANCE" and c.subtarget:
            return [self._limit_distance(c)]
        if c.type in CHAINS:
            return []  # said of every bone of the chain
        return [Unknown(f"has a constraint '{c.name}' ({_words(c)}) that depends on the pose")]

    def _follow_weighted(self, c: bpy.types.Constraint) -> list[Constraint]:
        pulls = [t for t in c.targets if t.weight > 0.0 and t.target is not None]
        if not pulls:
            return []  # a parent switch that stands on "none"
        outside = next((t.target for t in pulls if t.target not in (self._rig, self._posed)), None)
        if outside is not None:
            return [Unknown(f"follows '{outside.name}', which is not part of the rig")]
        if len(pulls) != 1 or c.use_bone_envelopes or not pulls[0].subtarget:
            return [Unknown(f"follows several bones at once by the constraint '{c.name}'")]
        rest = np.array(self._rig.data.bones[pulls[0].subtarget].matrix_local, float)
        rotation = rot.inverse(rot.from_matrix(rest[:3, :3]))
        return [Follow(pulls[0].subtarget, c.influence, rotation, -rot.rotate(rotation, rest[:3, 3]))]

    def _child_of(self, c: bpy.types.Constraint) -> Constraint:
        channels = [getattr(c, f"use_{k}_{a}") for k in ("location", "rotation") for a in "xyz"]
        bind = np.array(c.inverse_matrix, float)  # of bones in one armature: between their own places in it
        scale = np.cbrt(np.linalg.det(bind[:3, :3]))
        if not all(channels) or abs(scale - 1.0) > 1e-3:
            return Unknown(f"is a child of '{c.subtarget}' in some channels only, or at another size")
        return Follow(c.subtarget, c.influence, rot.from_matrix(bind[:3, :3] / scale), bind[:3, 3])

    def _limit_distance(self, c: bpy.types.Constraint) -> Constraint:
        custom = c.owner_space == "CUSTOM" and c.space_object in (self._rig, self._posed) and c.space_subtarget
        if c.limit_mode != "LIMITDIST_INSIDE" or c.head_tail or not (custom or c.owner_space in _SAME_PLACE):
            return Unknown(f"is kept at a distance from '{c.subtarget}' in a way that depends on the pose")
        # only the world measures in its own units: a bone's space and the armature's have the armature's
        size = np.cbrt(np.linalg.det(np.array(self._rig.matrix_world, float)[:3, :3]))
        return Near(c.subtarget, c.influence, c.distance / (size if c.owner_space == "WORLD" else 1.0))


def _copy(c: bpy.types.Constraint) -> Constraint:
    rotation, location = _COPIED[c.type]
    local = c.owner_space == "LOCAL" and c.target_space == "LOCAL"
    whole = all(getattr(c, f"use_{a}", True) and not getattr(c, f"invert_{a}", False) for a in "xyz")
    plain = getattr(c, "mix_mode", "REPLACE") == "REPLACE" and not getattr(c, "use_offset", False)
    known = local or (c.owner_space in _SAME_PLACE and c.target_space in _SAME_PLACE)
    if not (whole and plain and known):
        return Unknown(f"copies '{c.subtarget}' in a way that depends on the pose ('{c.name}')")
    return Copy(c.subtarget, c.influence, rotation, location, local, c.head_tail if location else 0.0)


def chains(posed: bpy.types.Object) -> dict[str, list[bpy.types.Constraint]]:
    """Bone -> the inverse kinematics that bend it, its own or that of a bone below."""
    found: dict[str, list[bpy.types.Constraint]] = {}
    for bone in posed.pose.bones:
        for c in acting(bone):
            if c.type in CHAINS:
                for b in bent_by(bone, c):
                    found.setdefault(b.name, []).append(c)
    return found


def bent_by(bone: bpy.types.PoseBone, c: bpy.types.Constraint) -> list[bpy.types.PoseBone]:
    """The bones that the inverse kinematics ``c`` of ``bone`` bends."""
    above = [bone, *bone.parent_recursive]
    if c.type == "IK" and not c.use_tail:
        above = above[1:]
    return above[: c.chain_count] if c.chain_count else above


def replaces(c: bpy.types.Constraint) -> bool:
    """Whether nothing is left of what the bone does without it."""
    copy = _copy(c) if c.type == "COPY_TRANSFORMS" else None
    return isinstance(copy, Copy) and copy.replaces


def subtargets(c: bpy.types.Constraint) -> list[str]:
    """The bones that the constraint takes its place from."""
    names = [getattr(c, "subtarget", ""), getattr(c, "pole_subtarget", ""), *(t.subtarget for t in weighted(c))]
    return [n for n in names if n]


def weighted(c: bpy.types.Constraint) -> list[bpy.types.ConstraintTargetBone]:
    """The targets that pull, where the constraint has several."""
    return [t for t in c.targets if t.weight > 0.0] if c.type == "ARMATURE" else []


def _words(c: bpy.types.Constraint) -> str:
    return c.type.replace("_", " ").title()
