"""What scales when a motion goes to a body of another size, and where hips, feet and hands have to be on it.

Bodies are given by where their joints are at rest, slot -> (3,), in any unit; feet and hips by one rule, so that what
stands on the floor, y = 0, stands there afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from . import rotations as rot
from .anatomy import upright

_Y = np.array([0.0, 1.0, 0.0])
_TIPPED, _OVER = 0.3, 0.5
"""radians by which a sole is tipped from where on it stands on its toes or its heel alone; and how far before it lies
on its back it begins to stand on neither"""
_LEVEL = 0.25
"""sine below which the way across a foot is too steep to tell where the foot points"""


def leg_length(points: Mapping[str, np.ndarray]) -> float:
    """Mean hip-knee-ankle length of a rest pose given by slots."""
    return _mean_length(points, ("hip", "knee", "ankle"))


def arm_length(points: Mapping[str, np.ndarray]) -> float:
    """Mean shoulder-elbow-wrist length of a rest pose given by slots."""
    return _mean_length(points, ("shoulder", "elbow", "wrist"))


def _mean_length(points: Mapping[str, np.ndarray], joints: tuple[str, str, str]) -> float:
    total = 0.0
    for side in ("left_", "right_"):
        first, second, third = (np.asarray(points[side + n], float) for n in joints)
        total += np.linalg.norm(second - first) + np.linalg.norm(third - second)
    return float(total / 2)


def hips_path(centre, source: Mapping[str, np.ndarray], target: Mapping[str, np.ndarray]) -> np.ndarray:
    """The hips' centre (T, 3), metres or any unit, Y up, from one body's proportions to another's.

    Both heights are measured in one stance, the source's at rest: a rest pose with spread legs (20 degrees in CMU's
    ASF) stands centimetres lower than the same body with its legs together, and must not lift the other.
    """
    scale = leg_length(target) / leg_length(source)
    out = np.asarray(centre, float) * scale
    feet = [side + "foot" for side in ("left_", "right_") if side + "foot" in source and side + "foot" in target]
    out[..., 1] += _stance_height(target, source, feet) - scale * _stance_height(source, source, feet)
    return out


def _stance_height(body: Mapping[str, np.ndarray], stance: Mapping[str, np.ndarray], feet: list[str]) -> float:
    """Height of the hips over the lowest of ankles and ``feet``, ``body``'s legs pointing as ``stance``'s at rest."""
    up, own_up = upright(stance), upright(body)
    heights = []
    for side in ("left_", "right_"):
        height = 0.0
        for upper, lower in (("hip", "knee"), ("knee", "ankle")):
            length = np.linalg.norm(body[side + lower] - body[side + upper])
            height -= length * (rot.normalize(stance[side + lower] - stance[side + upper]) @ up)
        if side + "foot" in feet:  # soles are flat in both rest poses, so the toe's drop is the body's own
            height += max(0.0, float((body[side + "ankle"] - body[side + "foot"]) @ own_up))
        heights.append(height)
    return float(max(heights))


def ankle_goal(
    side: str,
    positions: Mapping[str, np.ndarray],
    source: Mapping[str, np.ndarray],
    target: Mapping[str, np.ndarray],
    turn: np.ndarray,
) -> np.ndarray:
    """(T, 3) where the ankle of ``side`` ("left_") has to be, so that what stands on the floor stands there again.

    ``positions``: slot -> (T, 3) of the source's joints in motion. ``turn`` (T, 4): the target's foot in the world from
    rest, where its sole is flat and points along +Z. Flat, a foot has the place on its sole below the ankle where the
    source has it, scaled, also when it rolls on an edge. On its toes it keeps these where they were when it was flat:
    feet of another length would slide on them, and sink in. On its heel, which is round, the ankle stays over it.
    """
    ankle, toes = side + "ankle", side + "foot"
    scale = leg_length(target) / leg_length(source)
    if toes not in source or toes not in target:
        return scale * positions[ankle]
    (source_length, source_drop), (length, drop) = _sole(source, side), _sole(target, side)
    across, up, along = (rot.rotate(turn, axis) for axis in np.eye(3))
    level = np.linalg.norm(across[..., [0, 2]], axis=-1, keepdims=True)
    shown = np.maximum(level, _LEVEL)
    ahead, above = rot.cross(across, _Y) / shown, (_Y - across * across[..., 1:2]) / shown  # along and up, not tipped
    tip = np.arctan2(-along[..., 1:2], up[..., 1:2])
    tipped = np.clip(np.minimum(abs(tip) / _TIPPED, (np.pi - abs(tip)) / _OVER), 0.0, 1.0) * level / shown
    on_toes = tip > 0.0
    raised = above + tipped * (np.where(on_toes, up, _Y) - above)
    longer = np.where(on_toes, tipped, 0.0) * (ahead - along)
    height = max(drop, 0.0) - scale * max(source_drop, 0.0)
    return scale * positions[ankle] + height * raised + (length - scale * source_length) * longer


def _sole(points: Mapping[str, np.ndarray], side: str) -> tuple[float, float]:
    """Level distance from ankle to toes at rest, and how much lower than the ankle they are."""
    up, way = upright(points), points[side + "foot"] - points[side + "ankle"]
    down = float(-way @ up)
    return float(np.linalg.norm(way + down * up)), down


def wrist_goal(
    side: str,
    positions: Mapping[str, np.ndarray],
    source: Mapping[str, np.ndarray],
    target: Mapping[str, np.ndarray],
    shoulders: tuple[np.ndarray, np.ndarray],
) -> np.ndarray:
    """(T, 3) where the wrist of ``side`` ("left_") has to be, seen from between the shoulders, so that hands that meet
    meet again.

    ``positions`` as for ``ankle_goal``; ``shoulders``: left and right, (T, 3) each, of the target in motion. The way
    across scales with the shoulders' width as far as these reach, all else with the arms' length: hands beside the
    body, where the same posture takes them to the right place, stay there.
    """
    scale = arm_length(target) / arm_length(source)
    middle, half, across = _between(positions["left_shoulder"], positions["right_shoulder"])
    own_middle, own_half, own_across = _between(*shoulders)
    way = positions[side + "wrist"] - middle
    sideways = np.einsum("ti,ti->t", way, across)[:, None]
    inside = np.clip(sideways, -half, half)
    wider = own_half / np.maximum(half, 1e-9) * inside + scale * (sideways - inside)
    return own_middle + own_across * wider + scale * (way - sideways * across)


def _between(left, right) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Middle (T, 3) between two shoulders, half of their distance (T, 1), and unit direction (T, 3) to the left."""
    way = (left - right) / 2
    return (left + right) / 2, np.linalg.norm(way, axis=-1, keepdims=True), rot.normalize(way)
