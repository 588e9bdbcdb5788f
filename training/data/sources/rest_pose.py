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
from backend.motion.skeleton import Skeleton

_SPREAD, _ALONG = np.deg2rad(10.0), np.deg2rad(4.0)
# a foot whose drop leans as its leg does, to 4 degrees, is square to it; no T- or A-pose spreads its legs by 10
_STRAIGHT, _FOLDED = np.cos(np.deg2rad(10.0)), np.sin(np.deg2rad(25.0))
_FOLDS, _AGREE = 10, 0.8
# so many frames with the elbow bent by 25 degrees, folding in so much of one direction, show about what it folds


def as_ours(motion: Motion, bone_map: BoneMap) -> Motion:
    """The same movement of a recording described against a rest pose like our own: legs hang, elbows fold forwards."""
    turns = {**legs_together(motion.skeleton, bone_map), **elbows_forward(motion, bone_map)}
    if not turns:
        return motion
    rest = np.tile(rot.IDENTITY, (1, len(motion.skeleton), 1))
    for slot, turn in turns.items():
        rest[0, motion.skeleton.index(bone_map.slots[slot][0])] = turn
    posed = replace(
        motion,
        root=np.concatenate([motion.root, motion.root[-1:]]),
        rotations=np.concatenate([motion.rotations, rest]),
        contacts=np.concatenate([motion.contacts, motion.contacts[-1:]]),
    )
    return retarget.rebound(posed, len(motion))[: len(motion)]


def legs_together(skeleton: Skeleton, bone_map: BoneMap) -> dict[str, np.ndarray]:
    """Slot -> local rotation (4,) of a rest pose whose legs hang, where they are spread with the soles turned along.

    CMU's ASF files, and the MotionBuilder-friendly conversion of them, spread each leg by 20 degrees and hold the foot
    square to it. Taken for flat, as soles are in a T-pose, such feet stand on their edges ever after.
    """
    points = retarget.slot_points(skeleton, bone_map)
    turns = {}
    for side in ("left_", "right_"):
        if side + "foot" not in points:
            return {}
        spread = _lean(points[side + "ankle"] - points[side + "hip"])
        foot = _lean(points[side + "foot"] - points[side + "ankle"])
        if abs(spread) < _SPREAD or abs(foot - spread) > _ALONG:
            return {}
        turns[side + "hip"] = rot.from_axis_angle(np.array([0.0, 0.0, 1.0]), np.asarray(-spread))
    return turns


def _lean(bone: np.ndarray) -> float:
    """How far a bone (3,) that points down leans to +X, radians; the body faces along Z."""
    return float(np.arctan2(bone[0], -bone[1]))


def elbows_forward(motion: Motion, bone_map: BoneMap) -> dict[str, np.ndarray]:
    """Slot -> local rotation (4,) of a rest pose whose elbows fold forwards, as ours do with the palms down.

    A T-pose with straight elbows does not show about what they fold. The movement does: 21 degrees upwards of forwards
    in CMU's recordings, 42 downwards in O3DE's, and by so much every upper arm would be rolled. Hands stay as they are.
    """
    points = retarget.slot_points(motion.skeleton, bone_map)
    _, _, forward = body_axes(points)
    turns = {}
    for side in ("left_", "right_"):
        roll = _roll(motion, bone_map, points, side, forward)
        if roll is not None:
            turns |= {side + "shoulder": roll, side + "wrist": rot.inverse(roll)}
    return turns


def _roll(
    motion: Motion, bone_map: BoneMap, points: Mapping[str, np.ndarray], side: str, forward: np.ndarray
) -> np.ndarray | None:
    """By what (4,) an upper arm is turned about itself at rest so that its elbow folds along ``forward``; None where
    the elbow is bent at rest or hardly ever bends."""
    shoulder, elbow, wrist = (points[side + n] for n in ("shoulder", "elbow", "wrist"))
    bone = rot.normalize(elbow - shoulder)
    if bone @ rot.normalize(wrist - elbow) < _STRAIGHT:
        return None
    positions, world = kinematics.pose(motion)
    start, end = (positions[:, motion.skeleton.index(bone_map.slots[side + n][0])] for n in ("elbow", "wrist"))
    upper = world[:, motion.skeleton.index(bone_map.slots[side + "shoulder"][-1])]
    fold = rot.rotate(rot.inverse(upper), rot.normalize(end - start))
    fold = fold - (fold @ bone)[:, None] * bone
    size = np.linalg.norm(fold, axis=-1)
    bent = size > _FOLDED
    mean = fold[bent].sum(axis=0)
    if bent.sum() < _FOLDS or np.linalg.norm(mean) < _AGREE * size[bent].sum():
        return None
    return rot.between(rot.normalize(mean), rot.normalize(forward - (forward @ bone) * bone))
