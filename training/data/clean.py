"""What is cut off or put right in a motion on one of our skeletons: lead-ins, calibration frames, breaks, ground."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from backend.motion import kinematics
from backend.motion import rotations as rot
from backend.motion.motion import Motion

_ARMS = (("left_shoulder", "left_elbow"), ("left_elbow", "left_wrist"),
         ("right_shoulder", "right_elbow"), ("right_elbow", "right_wrist"))  # fmt: skip


def lead_in(motion: Motion) -> int:
    """How many first frames belong to a T-pose and the way out of it: never all of them."""
    positions = kinematics.joint_positions(motion)
    yaw = rot.about_y(kinematics.facing_yaw(positions, motion.skeleton))
    spread = np.ones(len(motion))
    for a, b in _ARMS:
        direction = positions[:, motion.skeleton.index(b)] - positions[:, motion.skeleton.index(a)]
        local = rot.rotate(rot.inverse(yaw), rot.normalize(direction))
        spread = np.minimum(spread, np.abs(local[:, 0]))
    tpose = spread > 0.94
    if not tpose[0]:
        return 0
    end = int(np.argmin(tpose)) if not tpose.all() else 1
    # mocap conversions put one T-pose frame before the take: there the very next frame is already the motion
    moving_out = 0 if end == 1 else int(0.3 * float(motion.fps))
    return min(end + moving_out, len(motion) - 1)


def snap(motion: Motion, within: int = 8, metres: float = 0.2) -> int:
    """How many first frames lie before a jump of a limb into the movement: a calibration pose left on one frame.

    A jump moves a joint against the pelvis by ``metres`` in one frame and nearly twice as far as anything afterwards.
    """
    if len(motion) <= within + 4:
        return 0
    positions = kinematics.joint_positions(motion)
    step = np.linalg.norm(np.diff(positions - positions[:, :1], axis=0), axis=-1).max(axis=1)
    jumps = np.flatnonzero((step[:within] > metres) & (step[:within] > 1.8 * np.percentile(step[within:], 98)))
    return int(jumps[-1]) + 1 if len(jumps) else 0


def longest_sound_part(motion: Motion) -> slice:
    """The longest stretch between frames where the body jumps: more than 10 m/s for the root or, on average, for all
    joints."""
    positions = kinematics.joint_positions(motion)
    limit = 10.0 / float(motion.fps)
    step = np.linalg.norm(np.diff(positions, axis=0), axis=-1)
    breaks = np.flatnonzero((step[:, 0] > limit) | (step.mean(axis=1) > limit)) + 1
    edges = [0, *breaks.tolist(), len(motion)]
    start, end = max(zip(edges, edges[1:]), key=lambda e: e[1] - e[0])
    return slice(start, end)


# Metres from a joint to the skin below it when that part lies on the ground.
_THICKNESS = {"pelvis": 0.10, "spine1": 0.10, "spine2": 0.10, "spine3": 0.10, "head": 0.09, "left_knee": 0.05,
              "right_knee": 0.05, "left_wrist": 0.03, "right_wrist": 0.03, "left_elbow": 0.03, "right_elbow": 0.03,
              "left_shoulder": 0.06, "right_shoulder": 0.06}  # fmt: skip


def grounded(motion: Motion) -> Motion:
    """Every frame lowered or raised until its lowest body part touches the floor, smoothly in time.

    For clips made on a body with other proportions, which sits or lies at a height that is wrong for ours.
    """
    positions = kinematics.joint_positions(motion)
    names = [*_THICKNESS, "left_ankle", "right_ankle", "left_foot", "right_foot"]
    over = []
    for name in names:
        j = motion.skeleton.index(name)
        over.append(positions[:, j, 1] - _THICKNESS.get(name, motion.skeleton.rest_heights[j]))
    height = kinematics.gaussian(np.min(over, axis=0), 2.0)
    root = motion.root - height[:, None] * np.array([0.0, 1.0, 0.0])
    moved = replace(motion, root=root)
    return replace(moved, contacts=kinematics.detect_contacts(moved))
