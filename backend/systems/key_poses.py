"""Key poses as the language models know them: one code for a pose, by one function in training and in serving.

A code is made of the frames around it, so the code of a pose alone is none of those that it has inside a clip. Held for
64 frames, the code in the middle is the right one about every second time (measured.md), more often than with any
shorter hold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..motion import kinematics
from ..motion import rotations as rot
from ..motion.features.codec import Codec
from ..motion.motion import Motion

HOLD = 64
"""frames that a pose is held"""
MIDDLE = 8
"""which of the hold's codes stands for the pose"""
_TOGETHER = 256  # poses that are encoded in one go: bounds the memory


def held(poses: Motion, codec: Codec) -> np.ndarray:
    """K poses, each a frame of ``poses`` on a skeleton of the codec's kind (the rate does not matter) -> (K, 64, D)
    features of each held still; ValueError for another skeleton."""
    poses = replace(poses, fps=codec.fps)
    first, later = _seen_together(poses, codec) if codec.spare == 0 else _seen_one_by_one(poses, codec)
    return np.concatenate([first[:, None], np.repeat(later[:, None], HOLD - 1, axis=1)], axis=1)


def key_tokens(
    poses: Motion, encode: Callable[[np.ndarray], tuple[np.ndarray, ...]], codec: Codec
) -> tuple[np.ndarray, ...]:
    """The code (K,) of each of K poses in every stream; ``encode``: features (B, T, D) to codes (B, T // 4) a
    stream."""
    starts = range(0, len(poses), _TOGETHER)
    parts = [encode(held(poses[start : start + _TOGETHER], codec)) for start in starts]
    return tuple(np.concatenate([codes[:, MIDDLE] for codes in stream]) for stream in zip(*parts))


def _seen_together(poses: Motion, codec: Codec) -> tuple[np.ndarray, np.ndarray]:
    """The first row (K, D) and each later one of poses that are held, where a row looks at one frame before it alone:
    in one clip that shows every pose twice. All face +Z, so that the smoothed heading is each pose's own."""
    yaw = kinematics.facing_yaw(kinematics.joint_positions(poses), poses.skeleton)
    rotations = poses.rotations.copy()
    rotations[:, 0] = rot.multiply(rot.about_y(-yaw), rotations[:, 0])
    shown = replace(
        poses,
        root=np.repeat(poses.root * np.array([0.0, 1.0, 0.0]), 2, axis=0),
        rotations=np.repeat(rotations, 2, axis=0),
        contacts=np.repeat(poses.contacts, 2, axis=0),
    )
    rows = codec.encode(shown)[1::2]
    return rows, rows


def _seen_one_by_one(poses: Motion, codec: Codec) -> tuple[np.ndarray, np.ndarray]:
    """The same where the floor and the first heading are the clip's: rows after the first are all alike."""
    shown = np.zeros(2 + codec.spare, dtype=int)
    rows = np.stack([codec.encode(_frames(poses, shown + k)) for k in range(len(poses))])
    return rows[:, 0], rows[:, 1]


def _frames(motion: Motion, at: np.ndarray) -> Motion:
    return replace(motion, root=motion.root[at], rotations=motion.rotations[at], contacts=motion.contacts[at])
