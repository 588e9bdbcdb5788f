"""The armature of an SMPL-X character: a bone a joint, pointing at the next one, and a root on the floor."""

from __future__ import annotations

import bpy
import numpy as np
from mathutils import Vector

ROOT = "root"
"""the bone above the pelvis, as in the SMPL-X add-on's armatures"""
_TOWARDS = {"pelvis": "spine1", "spine3": "neck", "left_wrist": "left_middle1", "right_wrist": "right_middle1"}
"""where a bone points whose joint has several children"""
_AHEAD = ("left_foot", "right_foot", "jaw", "left_eye_smplhf", "right_eye_smplhf")
"""tips that point where the character looks"""
_TIP = 0.05
_HEAD = 0.15
_SHORTEST = 0.001  # metres; Blender drops a bone of no length
_FRONT, _UP = np.array([0.0, -1.0, 0.0]), np.array([0.0, 0.0, 1.0])


def make_bones(rig: bpy.types.Object, names: tuple[str, ...], parents: tuple[int, ...]) -> None:
    """The bones of the joints under ``ROOT``, all at the origin still. ``rig`` is active and in Object Mode."""
    bpy.ops.object.mode_set(mode="EDIT")
    try:
        made = [rig.data.edit_bones.new(name) for name in (ROOT, *names)]
        for bone, parent in zip(made, (None, *(made[p + 1] for p in parents))):
            bone.parent = parent
            bone.tail = (0.0, 0.0, 1.0)
        made[0].use_deform = False
    finally:
        bpy.ops.object.mode_set(mode="OBJECT")


def place_bones(rig: bpy.types.Object, names, parents, joints, per_metre: float) -> None:
    """Put the bones' heads on ``joints`` (J, 3), armature space, the root under them. ``rig`` as for ``make_bones``."""
    joints = np.asarray(joints, float)
    tails = _tails(names, parents, joints, per_metre)
    bpy.ops.object.mode_set(mode="EDIT")
    try:
        bones = rig.data.edit_bones
        bones[ROOT].head, bones[ROOT].tail = (0.0, 0.0, 0.0), -_FRONT * 0.2 * per_metre
        for name, head, tail in zip(names, joints, tails):
            bones[name].head, bones[name].tail = head, tail
            upright = abs(tail[2] - head[2]) > 0.7 * np.linalg.norm(tail - head)
            bones[name].align_roll(Vector(_FRONT if upright else _UP))
    finally:
        bpy.ops.object.mode_set(mode="OBJECT")


def _tails(names, parents, joints: np.ndarray, per_metre: float) -> np.ndarray:
    """(J, 3): at the next joint; tips go on as the bone before them does, or ahead."""
    tails = np.empty_like(joints)
    for j, name in enumerate(names):
        children = [c for c, p in enumerate(parents) if p == j]
        if name in _TOWARDS:
            tails[j] = joints[names.index(_TOWARDS[name])]
        elif len(children) == 1:
            tails[j] = joints[children[0]]
        elif name in _AHEAD:
            tails[j] = joints[j] + _FRONT * _TIP * per_metre
        elif name == "head":
            tails[j] = joints[j] + _UP * _HEAD * per_metre
        else:
            tails[j] = joints[j] + 0.8 * (joints[j] - joints[parents[j]])
        if np.linalg.norm(tails[j] - joints[j]) < _SHORTEST * per_metre:
            tails[j] = joints[j] + _UP * _TIP * per_metre
    return tails
