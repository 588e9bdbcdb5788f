"""Hands on a rig whose shoulders stand beside the Motion's, because its torso shares the bend among more bones.

Limb correction brings the wrists to their goals on the Motion's own body. On such a rig the same two-bone inverse
kinematics brings the rig's wrists there. No bpy.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...backend.motion import rotations as rot
from ...backend.motion.limbs import ELBOW, reaching
from ..bones import RigPose

_CARRYING = ("spine1", "spine2", "spine3", "left_collar", "right_collar")
_SIDES = ("left_", "right_")


def shoulders_differ(pose: RigPose) -> bool:
    """Whether what carries the shoulders has joints that the Motion has not. A control rig brings them to their places
    by means of its own."""
    bone_map = pose.bone_map
    divided = any(len(bone_map.slots.get(slot, ())) > 1 for slot in _CARRYING)
    return divided and not any(c.fk or c.ik for c in bone_map.controls.values())


def reached(
    world: Mapping[str, np.ndarray], goals: Mapping[str, np.ndarray], joints: Mapping[str, np.ndarray], strength: float
) -> dict[str, np.ndarray]:
    """``world``, slot -> (T, 4), with the arms turned so that the wrists come to their ``goals``, by ``strength`` (0 to
    1) of the way; the elbows stay in their planes, and hands are turned as they were.

    ``goals``: slot -> (T, 3), the Motion's joints; ``joints``: slot -> (T, 3), where ``world`` takes the rig's. Both in
    the world's axes, in one unit.
    """
    out = dict(world)
    for shoulder, elbow, wrist in ([side + part for part in ("shoulder", "elbow", "wrist")] for side in _SIDES):
        start, middle, end = joints[shoulder], joints[elbow], joints[wrist]
        goal = end + strength * (goals[wrist] - end)
        upper, lower = reaching(start, middle, end, goal, rot.rotate(world[shoulder], ELBOW))
        out[shoulder], out[elbow] = rot.multiply(upper, world[shoulder]), rot.multiply(lower, world[elbow])
    return out
