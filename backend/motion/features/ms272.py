"""MS-272 features: 272 numbers a frame at 30 fps, SMPL-22, with true local rotations (the layout of MotionStreamer).
With hands, SMPL-X-52, the same recipe gives 632.

===========  ====  ============================================================================================
block        size  content
===========  ====  ============================================================================================
velocity        2  root x, z velocity, metres per frame, in the heading frame of the frame before
turn            6  change of heading since the frame before, 6-D
positions     3 J  J joints in the heading frame: root x, z subtracted, height absolute
velocities    3 J  displacement of the J joints since the frame before, in the heading frame
rotations     6 J  J local rotations, 6-D; the root's is relative to the heading
===========  ====  ============================================================================================

T frames give T rows; the first row's velocities are zero. Heading is the smoothed across-vector of hips and shoulders,
at most 40 degrees a frame. Decoding integrates velocity and turn and takes the rotations; of the positions block it
reads one number, the root's height, because no other block holds it. Joint positions are never decoded.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from .. import kinematics
from .. import rotations as rot
from ..motion import Motion
from ..skeleton import KINDS, Skeleton, canonical
from .checks import checked_motion, checked_rows

NAME, TITLE = "ms272", "MS-272"
FPS = Fraction(30)


def layout(joints: int) -> dict[str, slice]:
    """The blocks of a row by name, for a skeleton of so many joints."""
    ends = np.cumsum([0, 2, 6, 3 * joints, 3 * joints, 6 * joints]).tolist()
    names = ("velocity", "turn", "positions", "velocities", "rotations")
    return {name: slice(a, b) for name, a, b in zip(names, ends, ends[1:])}


KINDS_BY_WIDTH = {layout(len(names))["rotations"].stop: kind for kind, (names, _) in KINDS.items()}
"""272 and 632 to the kind of skeleton"""
LAYOUT = layout(len(KINDS["smpl22"][0]))
VELOCITY, TURN, POSITIONS, VELOCITIES, ROTATIONS = LAYOUT.values()
WIDTH = ROTATIONS.stop
HEIGHT = POSITIONS.start + 1  # y of joint 0


def encode(motion: Motion, kind: str | None = None) -> np.ndarray:
    """Motion on SMPL-22 at 30 fps -> (T, 272) float32, on SMPL-X-52 (T, 632); ``kind`` allows only one of the two.
    Where it stands and faces is lost: features are canonical."""
    checked_motion(motion, TITLE, tuple(KINDS) if kind is None else (kind,), FPS)
    frames = len(motion)
    yaw = kinematics.heading(motion)
    to_heading = rot.about_y(-yaw)
    positions = kinematics.joint_positions(motion)
    root = motion.root

    before = np.maximum(np.arange(frames) - 1, 0)
    step = rot.rotate(to_heading[before], root - root[before])
    turn = rot.about_y(yaw - yaw[before])
    ground = root * np.array([1.0, 0.0, 1.0])
    local = rot.rotate(to_heading[:, None], positions - ground[:, None])
    moved = rot.rotate(to_heading[:, None], positions - positions[before])
    rotations = motion.rotations.copy()
    rotations[:, 0] = rot.multiply(to_heading, rotations[:, 0])
    return np.concatenate(
        [
            step[:, [0, 2]],
            rot.to_six_d(turn),
            local.reshape(frames, -1),
            moved.reshape(frames, -1),
            rot.to_six_d(rotations).reshape(frames, -1),
        ],
        axis=1,
    ).astype(np.float32)


def decode(features, skeleton: Skeleton | None = None) -> Motion:
    """(T, 272) or (T, 632) features -> Motion at 30 fps that starts at x = z = 0 facing +Z, on the canonical skeleton
    of that width unless another is given; any 6-D is made orthonormal."""
    features = checked_rows(features, TITLE, tuple(KINDS_BY_WIDTH))
    kind = KINDS_BY_WIDTH[features.shape[1]]
    skeleton = canonical(kind) if skeleton is None else skeleton
    if skeleton.kind != kind:
        raise ValueError(f"features of width {features.shape[1]} are of a {kind} skeleton, got {skeleton.kind!r}")
    yaw, ground = integrate(features)
    root = np.stack([ground[:, 0], features[:, HEIGHT], ground[:, 1]], axis=1)
    blocks = layout(len(skeleton))
    rotations = rot.from_six_d(features[:, blocks["rotations"]].reshape(len(features), len(skeleton), 6))
    rotations[:, 0] = rot.multiply(rot.about_y(yaw), rotations[:, 0])
    return Motion(skeleton, root, rot.continuous(rotations), FPS)


def integrate(features) -> tuple[np.ndarray, np.ndarray]:
    """(T, 272 or 632) -> heading (T,) radians and root path on the ground (T, 2), both starting at zero."""
    turn = features[:, TURN]
    # the first column of a turn about +Y is (cos, 0, -sin)
    steps = np.arctan2(-turn[:, 2], turn[:, 0])
    steps[0] = 0.0
    yaw = np.cumsum(steps)
    before = np.concatenate([[0.0], yaw[:-1]])
    velocity = np.stack([features[:, 0], np.zeros(len(features)), features[:, 1]], axis=1)
    velocity[0] = 0.0
    path = np.cumsum(rot.rotate(rot.about_y(before), velocity), axis=0)
    return yaw, path[:, [0, 2]]
