"""Rest poses of recordings turned into one like ours, where the files or the movement show how they differ.

Rotations say how a body part is turned against its rest pose. Where that pose differs from ours by what joint positions
do not show (a foot on its edge, a rolled upper arm), everything that is said against it is turned by as much.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from . import kinematics, retarget
from . import rotations as rot
from .anatomy import rest_frames
from .bone_map import BoneMap
from .motion import Motion
from .skeleton import Skeleton

_SPREAD, _ALONG = np.deg2rad(10.0), np.deg2rad(4.0)
# a foot whose drop leans as its leg does, to 4 degrees, is square to it; no T- or A-pose spreads its legs by 10
_FOLDED, _FOLDS, _AGREE = np.sin(np.deg2rad(25.0)), 10, 0.8
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
    """Slot -> local rotation (4,) of a rest pose whose elbows fold where ``anatomy`` takes them to: forwards, as ours
    do with the palms down, or where a rest pose with bent elbows has bent them.

    A T-pose with straight elbows does not show about what they fold, and one that bends them by 17 degrees, as the Daz
    conversion of CMU's recordings, shows it to 10 degrees. The movement does: 21 degrees upwards of forwards in CMU's
    recordings, 42 downwards in O3DE's, and by so much every upper arm would be rolled. Nothing moves: upper arm and
    forearm turn about themselves, the hands stay as they are.
    """
    points = retarget.slot_points(motion.skeleton, bone_map)
    frames = rest_frames(points)
    turns = {}
    for side in ("left_", "right_"):
        shoulder, elbow, wrist = (points[side + n] for n in ("shoulder", "elbow", "wrist"))
        upper, lower = rot.normalize(elbow - shoulder), rot.normalize(wrist - elbow)
        fold = _fold(motion, bone_map, side, upper)
        if fold is not None:
            wanted = rot.rotate(frames[side + "shoulder"], np.array([0.0, 0.0, 1.0]))
            angle = np.arctan2(np.cross(fold, wanted) @ upper, fold @ wanted)
            roll, below = rot.from_axis_angle(upper, angle), rot.from_axis_angle(lower, angle)
            turns[side + "shoulder"], turns[side + "wrist"] = roll, rot.inverse(below)
            turns[side + "elbow"] = rot.multiply(rot.inverse(roll), below)
    return turns


def _fold(motion: Motion, bone_map: BoneMap, side: str, bone: np.ndarray) -> np.ndarray | None:
    """The direction (3,), square to the upper arm's ``bone`` (3,) and as at rest, in which the movement folds the
    elbow; None where it hardly ever bends or bends to all sides."""
    positions, world = kinematics.pose(motion)
    start, end = (positions[:, motion.skeleton.index(bone_map.slots[side + n][0])] for n in ("elbow", "wrist"))
    upper = world[:, motion.skeleton.index(bone_map.slots[side + "shoulder"][-1])]
    fold = rot.rotate(rot.inverse(upper), rot.normalize(end - start))
    fold = fold - (fold @ bone)[:, None] * bone
    size = np.linalg.norm(fold, axis=-1)
    bent = size > _FOLDED
    total = fold[bent].sum(axis=0)
    if bent.sum() < _FOLDS or np.linalg.norm(total) < _AGREE * size[bent].sum():
        return None
    return rot.normalize(total)
