"""The Motion's axes (Y up) and those of Blender (Z up, right-handed) and of files: the only file that converts them.

Blender (x, y, z) is (x, z, -y) here, so a character that faces Blender's -Y faces the Motion's +Z.
"""

from __future__ import annotations

import numpy as np

from . import rotations as rot

_X = np.array([1.0, 0.0, 0.0])
TURNS = {
    "z": rot.from_axis_angle(_X, np.array(-np.pi / 2)),
    "y": rot.IDENTITY,
    "-y": rot.from_axis_angle(_X, np.array(np.pi)),
}
"""axis that points up in a file -> the turn (4,) that makes Y point up"""
_TO_Y_UP = np.array([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]])


def vectors_to_y_up(v) -> np.ndarray:
    """Blender vectors (..., 3) to Y up."""
    v = np.asarray(v, float)
    return np.stack([v[..., 0], v[..., 2], -v[..., 1]], axis=-1)


def vectors_to_z_up(v) -> np.ndarray:
    """Y-up vectors (..., 3) to Blender."""
    v = np.asarray(v, float)
    return np.stack([v[..., 0], -v[..., 2], v[..., 1]], axis=-1)


def rotations_to_z_up(q) -> np.ndarray:
    """World rotations (..., 4) from Y up to Blender: the same turn about the converted axis."""
    q = np.asarray(q, float)
    return np.concatenate([q[..., :1], vectors_to_z_up(q[..., 1:])], axis=-1)


def rotations_to_y_up(q) -> np.ndarray:
    """The inverse of ``rotations_to_z_up``."""
    q = np.asarray(q, float)
    return np.concatenate([q[..., :1], vectors_to_y_up(q[..., 1:])], axis=-1)


def transforms_to_y_up(m) -> np.ndarray:
    """World transforms (..., 3, 4) of Blender to Y up; what they transform keeps its own axes."""
    return _TO_Y_UP @ np.asarray(m, float)
