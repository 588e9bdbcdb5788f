"""What a BVH file does not say: its unit, which way is up, and whether its zero pose is a body that stands.

Retargeting measures a body by its rest pose. BVH files of motion capture mostly have a T-pose there, but not all: in
some every bone points along the same axis (Ubisoft's LAFAN1), which is no posture at all.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from backend.motion import kinematics, retarget
from backend.motion import rotations as rot
from backend.motion.bone_map import BoneMap
from backend.motion.motion import Motion
from backend.motion.skeleton import Skeleton
from backend.motion.z_up import torso, y_up

_log = logging.getLogger(__name__)
UNITS = (0.001, 0.01, 0.0254, 2.54 / 45, 1.0)
"""metres: millimetre, centimetre, inch, CMU's inch, metre"""
LEG = 0.85
"""metres from a grown person's hip over the knee to the ankle"""
LIKELY_LEG = (0.65, 1.05)
"""outside of it the guess is said"""
_STANDS = np.cos(np.deg2rad(45.0))


def metres_per_unit(leg: float) -> float:
    """The unit in which a leg (hip, knee, ankle) of ``leg`` units is nearest to a grown person's. ValueError for 0."""
    if not leg > 0:
        raise ValueError("the legs of its rest pose have no length")
    return min(UNITS, key=lambda unit: abs(np.log(leg * unit / LEG)))


def in_metres(motion: Motion, bone_map: BoneMap, name: str) -> Motion:
    """A motion whose unit is not known, ``name`` its file: a length that is no grown person's is said. The unit matters
    little, because retargeting measures by the leg."""
    leg = retarget.leg_length(retarget.slot_points(motion.skeleton, bone_map))
    unit = metres_per_unit(leg)
    if not LIKELY_LEG[0] <= leg * unit <= LIKELY_LEG[1]:
        _log.warning("%s: its unit is taken for %.4g m, the legs are %.2f m then; a scale can be given", name, unit,
                     leg * unit)  # fmt: skip
    skeleton = motion.skeleton
    scaled = Skeleton("other", skeleton.names, skeleton.parents, skeleton.offsets * unit)
    return replace(motion, skeleton=scaled, root=motion.root * unit)


def upright(motion: Motion, bone_map: BoneMap) -> Motion:
    """The same movement with Y up, described against a rest pose that stands: its own, or else the frame in which the
    body stands best. ValueError where there is none."""
    rest = {slot: point[None] for slot, point in retarget.slot_points(motion.skeleton, bone_map).items()}
    positions = kinematics.joint_positions(motion)
    posed = {s: positions[:, motion.skeleton.index(bones[0])] for s, bones in bone_map.slots.items()}
    if standing(rest)[0] < _STANDS:
        score = np.minimum(standing(posed), torso(posed)[:, 1])
        best = int(np.argmax(score))
        if score[best] < _STANDS:
            raise ValueError("neither its zero pose nor any frame is a body that stands upright")
        return retarget.rebound(motion, best)
    return y_up(motion, bone_map)[0]


def standing(points: Mapping[str, np.ndarray]) -> np.ndarray:
    """(T,) how straight the body is: the cosine between the torso and the leg that is further from its line, -1 where
    shoulders and hips face opposite ways."""
    up = torso(points)
    legs = [np.sum(up * rot.normalize(points[s + "hip"] - points[s + "ankle"]), axis=-1) for s in ("left_", "right_")]
    across = [points["left_" + n] - points["right_" + n] for n in ("hip", "shoulder")]
    return np.where(np.sum(across[0] * across[1], axis=-1) > 0, np.minimum(*legs), -1.0)
