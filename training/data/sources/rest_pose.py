"""Rest poses of recordings turned into one like ours, where the files or the movement show how they differ.

Rotations say how a body part is turned against its rest pose. Where that pose differs from ours by what joint positions
do not show (a foot on its edge, a rolled upper arm), everything that is said against it is turned by as much.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from backend.motion import kinematics, retarget
from backend.motion import rotations as rot
from backend.motion.anatomy import body_axes
from backend.motion.bone_map import BoneMap
from backend.motion.motion import Motion

_SPREAD, _ALONG = np.deg2rad(10.0), np.deg2rad(4.0)
# a foot whose drop leans as its leg does, to 4 degrees, is square to it; no T- or A-pose spreads its legs by 10
_STRAIGHT, _FOLDED = np.cos(np.deg2rad(10.0)), np.sin(np.deg2rad(25.0))
_FOLDS, _AGREE = 10, 0.8
# so many frames with the elbow bent by 25 degrees, folding in so much of one direction, show about what it folds


def as_ours(motion: Motion, bone_map: BoneMap) -> Motion:
    """The same movement of a recording described against a rest pose like our own: legs hang, elbows fold forwards."""
    return elbows_forward(legs_together(motion, bone_map), bone_map)


def legs_together(motion: Motion, bone_map: BoneMap) -> Motion:
    """The same movement described against hanging legs, where the rest pose spreads them with the soles turned along.

    CMU's ASF files, and the MotionBuilder-friendly conversion of them, spread each leg by 20 degrees and hold the foot
    square to it. Taken for flat, as soles are in a T-pose, such feet stand on their edges ever after.
    """
    points = retarget.slot_points(motion.skeleton, bone_map)
    rotations = np.tile(rot.IDENTITY, (1, len(motion.skeleton), 1))
    for side in ("left_", "right_"):
        if side + "foot" not in points:
            return motion
        leg = points[side + "ankle"] - points[side + "hip"]
        foot = points[side + "foot"] - points[side + "ankle"]
        spread = _lean(leg)
        if abs(spread) < _SPREAD or abs(_lean(foot) - spread) > _ALONG:
            return motion
        hip = motion.skeleton.index(bone_map.slots[side + "hip"][0])
        rotations[0, hip] = rot.from_axis_angle(np.array([0.0, 0.0, 1.0]), np.asarray(-spread))
    return _against(motion, rotations)


def elbows_forward(motion: Motion, bone_map: BoneMap) -> Motion:
    """The same movement described against arms whose elbows fold forwards, as ours do with the palms down.

    A T-pose with straight elbows does not show about what they fold. The movement does: 21 degrees upwards of forwards
    in CMU's recordings, 42 downwards in O3DE's, and by so much every upper arm would be rolled. Hands stay as they are.
    """
    points = retarget.slot_points(motion.skeleton, bone_map)
    _, _, forward = body_axes(points)
    rotations = np.tile(rot.IDENTITY, (1, len(motion.skeleton), 1))
    for side in ("left_", "right_"):
        roll = _roll(motion, bone_map, points, side, forward)
        for slot, turn in (("shoulder", roll), ("wrist", rot.inverse(roll))):
            rotations[0, motion.skeleton.index(bone_map.slots[side + slot][0])] = turn
    return _against(motion, rotations)


def _roll(
    motion: Motion, bone_map: BoneMap, points: Mapping[str, np.ndarray], side: str, forward: np.ndarray
) -> np.ndarray:
    """By what (4,) an upper arm is turned about itself at rest so that its elbow folds along ``forward``; nothing where
    the elbow is bent at rest or hardly ever bends."""
    shoulder, elbow, wrist = (points[side + n] for n in ("shoulder", "elbow", "wrist"))
    bone, rest = rot.normalize(elbow - shoulder), rot.normalize(wrist - elbow)
    if bone @ rest < _STRAIGHT:
        return rot.IDENTITY
    positions, world = kinematics.pose(motion)
    index = {n: motion.skeleton.index(bone_map.slots[side + n][0]) for n in ("elbow", "wrist")}
    upper = world[:, motion.skeleton.index(bone_map.slots[side + "shoulder"][-1])]
    fore = rot.normalize(positions[:, index["wrist"]] - positions[:, index["elbow"]])
    fold = rot.rotate(rot.inverse(upper), fore)
    fold = fold - (fold @ bone)[:, None] * bone
    size = np.linalg.norm(fold, axis=-1)
    shown = fold[size > _FOLDED]
    mean = shown.sum(axis=0)
    if len(shown) < _FOLDS or np.linalg.norm(mean) < _AGREE * size[size > _FOLDED].sum():
        return rot.IDENTITY
    return rot.between(rot.normalize(mean), rot.normalize(forward - (forward @ bone) * bone))


def _against(motion: Motion, rest: np.ndarray) -> Motion:
    """The same movement described against the pose ``rest`` (1, J, 4)."""
    posed = replace(
        motion,
        root=np.concatenate([motion.root, motion.root[-1:]]),
        rotations=np.concatenate([motion.rotations, rest]),
        contacts=np.concatenate([motion.contacts, motion.contacts[-1:]]),
    )
    return retarget.rebound(posed, len(motion))[: len(motion)]


def _lean(bone: np.ndarray) -> float:
    """How far a bone (3,) that points down leans to +X, radians; the body faces along Z."""
    return float(np.arctan2(bone[0], -bone[1]))
