"""Recordings with Z up, as Blender and some capture systems write them. A BVH does not say which axis is up; its rest
pose and its movement show it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from . import axes, kinematics, retarget
from . import rotations as rot
from .bone_map import BoneMap
from .motion import Motion
from .skeleton import Skeleton

_STANDS = np.cos(np.deg2rad(45.0))
WARNING = "Z is up in it: it was turned so that Y is"


def y_up(motion: Motion, bone_map: BoneMap) -> tuple[Motion, bool]:
    """A motion on joints that ``bone_map`` names with Y up, and whether it had to be turned for that: its torso stands
    along Z at rest, and mostly while it moves (the rest pose of some lies, and their movement does not)."""
    rest = {slot: point[None] for slot, point in retarget.slot_points(motion.skeleton, bone_map).items()}
    positions = kinematics.joint_positions(motion)
    posed = torso({s: positions[:, motion.skeleton.index(bones[0])] for s, bones in bone_map.slots.items()})
    if torso(rest)[0, 2] > _STANDS and np.median(posed[:, 2]) > np.median(posed[:, 1]):
        return _turned(motion, axes.TURNS["z"]), True
    return motion, False


def torso(points: Mapping[str, np.ndarray]) -> np.ndarray:
    """(T, 3) unit vectors from the middle of the hips to the middle of the shoulders; ``points``: slot -> (T, 3)."""
    return rot.normalize(_middle(points, "shoulder") - _middle(points, "hip"))


def _middle(points, joint: str) -> np.ndarray:
    return (points["left_" + joint] + points["right_" + joint]) / 2


def _turned(motion: Motion, q: np.ndarray) -> Motion:
    """The world, its rest pose included, turned by ``q``."""
    skeleton = motion.skeleton
    turned = Skeleton("other", skeleton.names, skeleton.parents, rot.rotate(q, skeleton.offsets))
    rotations = rot.multiply(rot.multiply(q, motion.rotations), rot.inverse(q))
    return Motion(turned, rot.rotate(q, motion.root), rotations, motion.fps, motion.contacts)
