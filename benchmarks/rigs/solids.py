"""Bones as octahedra: to be seen where a rig has no mesh, wider than thick so that a twist shows."""

from __future__ import annotations

import numpy as np

_CORNERS = np.array([[0.0, 0, 0], [1, 0.15, 0], [0, 0.15, 0.6], [-1, 0.15, 0], [0, 0.15, -0.6], [0, 1, 0]])
FACES = np.array([[0, a, b] for a, b in ((2, 1), (3, 2), (4, 3), (1, 4))] + [[5, a, b] for a, b in
                 ((1, 2), (2, 3), (3, 4), (4, 1))])  # fmt: skip
"""(8, 3) corners of one"""
_WIDTH = 0.1


def octahedra(heads, tails, sideways, thick: float) -> np.ndarray:
    """(N, 6, 3) corners, the first at the head, the last at the tail; ``heads``, ``tails``, ``sideways`` (N, 3).

    Half the width, which lies along ``sideways``, is a share of the length and ``thick`` besides.
    """
    along = np.asarray(tails, float) - heads
    length = np.maximum(np.linalg.norm(along, axis=-1, keepdims=True), 1e-9)
    y = along / length
    x = sideways - np.sum(sideways * y, axis=-1, keepdims=True) * y
    x = x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-9)
    width = _WIDTH * length + thick
    axes = np.stack([x * width, y * length, np.cross(x, y) * width], axis=-2)
    return np.asarray(heads)[:, None] + _CORNERS @ axes
