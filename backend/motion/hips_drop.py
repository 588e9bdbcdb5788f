"""How far the hips sink so that feet which stand come to where they have to be.

The hips keep their scaled height on another body. Where its hips are wider, or its feet longer, a leg that is straight
does not reach down to where the source's foot stands. Feet in the air ask for nothing.
"""

from __future__ import annotations

import numpy as np

from .skeleton import Skeleton

_SIDES = ("left_", "right_")
_MOST = 0.08
"""of the leg's length"""
_AROUND = 0.35
"""seconds before and after within which the hips sink and rise again"""
_SLOW, _LOW = 0.4, 0.07
"""metres a second, and metres over its place at rest: a foot below both stands, beyond twice of one it does not. A
little more than what counts as contact (``kinematics.detect_contacts``)"""


def hips_drop(hips: np.ndarray, goals: np.ndarray, reach: np.ndarray, stands: np.ndarray, fps: float) -> np.ndarray:
    """(T,) metres, smooth in time and never less than a foot needs that stands, up to a limit.

    ``hips`` and ``goals`` (T, 2, 3): where the legs begin and where the ankles have to be; ``reach`` (T, 2): how far a
    leg comes; ``stands`` (T, 2) from 0 to 1.
    """
    way = hips - goals
    level = np.linalg.norm(way[..., [0, 2]], axis=-1)
    lower = way[..., 1] - np.sqrt(np.maximum(reach**2 - level**2, 0.0))
    needed = (stands * np.clip(lower, 0.0, _MOST * reach)).max(axis=1)
    return _eased(needed, max(round(_AROUND * fps), 1))


def _eased(needed: np.ndarray, around: int) -> np.ndarray:
    """(T,) a smooth path that is nowhere below ``needed``: each value holds for ``around`` frames to both sides, then
    the mean over as many can only be of values that are as large."""
    if not needed.any():
        return needed
    wide = np.pad(needed, 2 * around, mode="edge")
    held = np.lib.stride_tricks.sliding_window_view(wide, 2 * around + 1).max(axis=-1)
    bell = np.hanning(2 * around + 3)[1:-1]
    return np.convolve(held, bell / bell.sum(), mode="valid")


def standing(ankles: np.ndarray, toes: np.ndarray, skeleton: Skeleton, fps: float) -> np.ndarray:
    """(T, 2) from 0 to 1: how low and slow the left and the right foot of ``skeleton`` are, by ``ankles`` or ``toes``
    (T, 2, 3) each. The floor is where the lowest of them mostly are."""
    feet = np.stack([ankles, toes], axis=1)
    rest = skeleton.rest_heights[[[skeleton.index(side + part) for side in _SIDES] for part in ("ankle", "foot")]]
    height = feet[..., 1] - rest
    height -= np.percentile(height.min(axis=(1, 2)), 5)
    speed = np.linalg.norm(np.diff(feet, axis=0, prepend=feet[:1]), axis=-1) * fps
    speed[:1] = speed[1:2]
    return (np.clip(2.0 - height / _LOW, 0.0, 1.0) * np.clip(2.0 - speed / _SLOW, 0.0, 1.0)).max(axis=1)
