"""The pose that is taken as the rest pose: the bind pose, or the one that the bone map was calibrated in."""

from __future__ import annotations

import bpy
import numpy as np

from ...backend.motion.bone_map import BoneMap
from ...backend.motion.skeleton import SEGMENTS
from ..refusal import Refusal

_SAME_PLACE = 1e-5
"""of the rig's size: joints that lie closer together have no direction between them"""


def reference_heads(rig: bpy.types.Object, bone_map: BoneMap) -> dict[str, np.ndarray]:
    """Slot -> (3,) head of its first own bone, armature space. Refusal when these cannot be the joints of a body."""
    first = {slot: names[0] for slot, names in bone_map.slots.items()}
    if bone_map.calibration is None:
        heads = {slot: np.array(rig.data.bones[bone].head_local, float) for slot, bone in first.items()}
    else:
        missing = sorted({b for names in bone_map.slots.values() for b in names} - bone_map.calibration.heads.keys())
        if missing:
            raise Refusal(
                f"The calibration of '{rig.name}' does not know bone '{missing[0]}'. "
                "Calibrate again in the panel's bone map, or go back to the bind pose there."
            )
        heads = {slot: np.array(bone_map.calibration.heads[bone], float) for slot, bone in first.items()}
    _check_limbs(rig, first, heads)
    return heads


def _check_limbs(rig, first: dict[str, str], heads: dict[str, np.ndarray]) -> None:
    size = max(np.ptp(np.array(list(heads.values())), axis=0).max(), 1e-30)
    for side in ("left_", "right_"):
        for upper, lower in SEGMENTS.items():
            a, b = side + upper, side + lower
            if a in heads and b in heads and np.linalg.norm(heads[a] - heads[b]) < _SAME_PLACE * size:
                raise Refusal(
                    f"Bones '{first[a]}' and '{first[b]}' of '{rig.name}' begin in the same place, so the limb between "
                    "them has no direction. Map other bones, or move them apart in Edit Mode."
                )
