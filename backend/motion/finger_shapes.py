"""Shapes that hands hold where a motion moves no fingers: joint rotations on SMPL-X's hand at rest.

There the hand is flat and points along +X (the left one), palm down, so that fingers curl about -Z. The thumb lies
beside the palm, between the fingers' direction and +Z; it comes under the palm, then bends across it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from . import rotations as rot
from .motion import Motion
from .skeleton import Skeleton

SHAPES = ("relaxed", "fist", "straight")

_CURL = np.array([0.0, 0.0, -1.0])
_THUMB = np.array([0.72, 0.0, 0.69])
_UNDER = np.array([0.69, 0.0, -0.72])
"""the thumb turns about this to come under the palm"""
_ANGLES = {
    "relaxed": {"index": (14, 26, 14), "middle": (20, 30, 17), "ring": (25, 33, 19), "pinky": (28, 34, 20)},
    "fist": {"index": (72, 98, 62), "middle": (78, 98, 62), "ring": (82, 96, 54), "pinky": (80, 92, 45)},
}
"""degrees by which the three joints of a finger curl"""
_THUMBS = {
    # under the palm, towards the fingers, about itself; then the bend of the two further joints
    "relaxed": ((24, 20, 12), (14, 18)),
    "fist": ((46, 34, 30), (38, 52)),
}
_THUMB_BEND = rot.normalize(np.array([-0.1, 1.0, -0.25]))


def with_fingers(motion: Motion, skeleton: Skeleton, shape: str) -> Motion:
    """A motion on SMPL-22 as one on ``skeleton``, the same body on SMPL-X-52, its fingers in ``shape`` on all frames.
    ValueError for a shape that is not of ``SHAPES``."""
    fingers = np.stack([_rotation(name, shape) for name in skeleton.names[motion.rotations.shape[1] :]])
    fingers = np.broadcast_to(fingers, (len(motion), *fingers.shape))
    return replace(motion, skeleton=skeleton, rotations=np.concatenate([motion.rotations, fingers], axis=1))


def _rotation(joint: str, shape: str) -> np.ndarray:
    """Local rotation (4,) of a finger's joint ("left_index2")."""
    if shape not in SHAPES:
        raise ValueError(f"shape of the fingers is {shape!r}, accepted are {', '.join(SHAPES)}")
    if shape == "straight":
        return rot.IDENTITY
    side, part = joint.split("_")
    finger, k = part[:-1], int(part[-1]) - 1
    q = _thumb(shape, k) if finger == "thumb" else rot.exp(_CURL * np.deg2rad(_ANGLES[shape][finger][k]))
    return q if side == "left" else q * np.array([1.0, 1.0, -1.0, -1.0])  # mirrored in x


def _thumb(shape: str, k: int) -> np.ndarray:
    base, bends = _THUMBS[shape]
    if k:
        return rot.exp(_THUMB_BEND * np.deg2rad(bends[k - 1]))
    under, along, about = np.deg2rad(base)
    turns = (rot.exp(np.array([0.0, along, 0.0])), rot.exp(_UNDER * under), rot.from_axis_angle(_THUMB, about))
    return rot.multiply(turns[0], rot.multiply(turns[1], turns[2]))
