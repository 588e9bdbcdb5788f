"""Blender's axes (Z up, right-handed) and the Motion's (Y up): the only file that converts between them.

Blender (x, y, z) is (x, z, -y) here, so a character that faces Blender's -Y faces the Motion's +Z.
"""

from __future__ import annotations

import numpy as np


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
