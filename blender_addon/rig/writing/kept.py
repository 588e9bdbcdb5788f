"""Fingers that the animator keyed: they are left to the animator."""

from __future__ import annotations

from collections.abc import Collection

import bpy

from ...backend.motion.bone_map import BoneMap
from ...backend.motion.skeleton import SMPL22_NAMES
from .actions import curves_of
from .curves import bone_of
from .written import Written


def finger_bones(bone_map: BoneMap) -> set[str]:
    """What an animator may key to move the fingers: their own bones, and the controls that stand for these."""
    fingers = [slot for slot in bone_map.slots if slot not in SMPL22_NAMES]
    controls = [bone_map.controls[slot] for slot in fingers if slot in bone_map.controls]
    return {bone for bones in (*(bone_map.slots[s] for s in fingers), *(c.fk for c in controls)) for bone in bones}


def keyed_by_hand(rig: bpy.types.Object, bones: Collection[str]) -> set[str]:
    """Those of ``bones`` that have any key in the active action which we did not write."""
    curves = [curve for curve in curves_of(rig) if bone_of(curve) in bones]
    if not curves:
        return set()
    written = Written(rig.animation_data.action)
    return {bone_of(curve) for curve in curves if written.by_hand(curve).any()}
