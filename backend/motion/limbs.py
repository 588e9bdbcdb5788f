"""Limb correction: after a change of proportions two-bone inverse kinematics brings feet and hands to their goals.

The hips sink as far as feet that stand would not reach otherwise (``hips_drop``).
A limb turns so that its end comes to the goal and bends in the plane that it was bent in. A straight one has no plane:
it bends where its hinge does, to which slightly bent ones lean too, so that nothing flips while a limb goes straight,
or a little beyond.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from . import kinematics
from . import rotations as rot
from .hips_drop import hips_drop, standing
from .proportions import ankle_goal, wrist_goal
from .skeleton import ARM, LEG, Skeleton

_SOFT = 0.003
"""share of its length over which a limb comes to its end: at once it would snap straight"""
_FOLD = np.deg2rad(25.0)
"""no goal folds a knee or an elbow further, measured between its bones"""
_STRAIGHT = 0.12
"""distance of a hinge from the straight limb, in lengths of its shorter bone: beyond twice this its plane is its own"""
_LEG, _ARM = LEG[:3], ARM[1:]
_UP = np.array([0.0, 1.0, 0.0])
KNEE, ELBOW = np.array([0.0, 0.0, 1.0]), np.array([0.0, 0.0, -1.0])
"""where they point at rest"""
_SIDES = ("left_", "right_")


@dataclass(frozen=True)
class LimbCorrection:
    """How far feet and hands are drawn to where the source has them, from 0 (not at all) to 1."""

    feet: float = 1.0
    hands: float = 1.0

    def __post_init__(self):
        for name, value in (("feet", self.feet), ("hands", self.hands)):
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"the correction of the {name} must lie between 0 and 1, got {value!r}")


def corrected(
    correction: LimbCorrection,
    skeleton: Skeleton,
    root: np.ndarray,
    world: np.ndarray,
    fps: float,
    source: Mapping[str, np.ndarray],
    positions: Mapping[str, np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """Root (T, 3) and world rotations (T, J, 4) of a motion that was put on ``skeleton``, SMPL-22 or SMPL-X-52, with
    its limbs corrected. How hands and feet are turned in the world stays.

    ``root`` (T, 3) and ``world`` (T, J, 4): the motion as it is, ``fps`` frames a second. ``source``: slot -> (3,), the
    source's rest; ``positions``: slot -> (T, 3), its joints in motion.
    """
    placed, _ = kinematics.forward(skeleton, root, kinematics.local_from_world(skeleton, world))
    target = dict(zip(skeleton.names, skeleton.rest_positions))
    out = world.copy()

    def draw(limb: tuple[str, ...], points_to: np.ndarray, goals: np.ndarray, strength: float):
        start, middle, end = (_both(skeleton, joint) for joint in limb)
        goal = placed[:, end] + strength * (goals - placed[:, end])
        pole = rot.rotate(world[:, start], points_to)
        upper, lower = reaching(placed[:, start], placed[:, middle], placed[:, end], goal, pole)
        out[:, start] = rot.multiply(upper, world[:, start])
        out[:, middle] = rot.multiply(lower, world[:, middle])

    if correction.feet > 0.0:
        turns = [world[:, j] for j in _both(skeleton, "ankle")]
        goals = np.stack([ankle_goal(side, positions, source, target, q) for side, q in zip(_SIDES, turns)], axis=1)
        drop = correction.feet * _drop(skeleton, placed, goals, fps)[:, None] * _UP
        root, placed = root - drop, placed - drop[:, None]
        draw(_LEG, KNEE, goals, correction.feet)
    if correction.hands > 0.0:
        left, right = _both(skeleton, "shoulder")
        shoulders = placed[:, left], placed[:, right]
        goals = np.stack([wrist_goal(side, positions, source, target, shoulders) for side in _SIDES], axis=1)
        draw(_ARM, ELBOW, goals, correction.hands)
    return root, out


def _both(skeleton: Skeleton, part: str) -> list[int]:
    return [skeleton.index(side + part) for side in _SIDES]


def _drop(skeleton: Skeleton, placed: np.ndarray, goals: np.ndarray, fps: float) -> np.ndarray:
    """(T,) metres by which the hips sink for the ankles' ``goals`` (T, 2, 3)."""
    hips, knees, ankles, toes = (placed[:, _both(skeleton, joint)] for joint in LEG)
    reach = _reach(_length(ankles - hips), _length(knees - hips) + _length(ankles - knees))[..., 0]
    return hips_drop(hips, goals, reach, standing(goals, goals + toes - ankles, skeleton, fps), fps)


def reaching(start, middle, end, goal, pole) -> tuple[np.ndarray, np.ndarray]:
    """World rotations (..., 4) by which the upper and the lower bone of a limb turn, so that its ``end`` comes to
    ``goal``, or as near as it gets. All (..., 3), any unit; ``pole``: where the hinge points by itself."""
    first, second = middle - start, end - middle
    a, b = _length(first), _length(second)
    line, way = end - start, goal - start
    now = _length(line)
    along, far = rot.normalize(line), _within(_length(way), now, a, b)
    ahead = (far * far + a * a - b * b) / (2.0 * far)
    bow = np.sqrt(np.maximum(a * a - ahead * ahead, 0.0))

    off = first - along * rot.dot(first, along)
    hinge = along * ahead + _bowed(off, rot.normalize(pole - along * rot.dot(pole, along)), bow, np.minimum(a, b))
    swing = rot.between(along, way)
    upper = rot.multiply(swing, rot.between(first, hinge))
    return upper, rot.multiply(swing, rot.between(second, along * far - hinge))


def _within(far, now, a, b):
    """The distance between a limb's ends that comes nearest to ``far``, the limb neither folded further nor stretched
    longer than it may be, or than it is ``now``."""
    longest, from_here = a + b, _reach(now, a + b)
    room = np.maximum(longest - from_here, 0.0)
    beyond = np.maximum(far - from_here, 0.0)
    far = np.minimum(far, from_here) + room * -np.expm1(-beyond / np.maximum(room, 1e-12))
    folded = np.sqrt(a * a + b * b - 2.0 * a * b * np.cos(_FOLD))
    return np.maximum(np.maximum(far, np.minimum(now, folded)), 1e-9 * longest)


def _reach(now, longest):
    """How far a limb comes to its goal at once: all but the soft end, and where it is ``now``."""
    return np.maximum(now, longest * (1.0 - _SOFT))


def _bowed(off, pole, bow, size):
    """The hinge's way from the straight limb (..., 3), ``bow`` (..., 1) long, where it was ``off`` (..., 3).

    It grows and shrinks towards where it points, and the less it does so the more towards the ``pole``.
    """
    straight = _STRAIGHT * size
    lean = np.maximum(straight - _length(off) / 2.0, 0.0)
    towards = rot.normalize(off + lean * pole)
    beside = off - towards * rot.dot(off, towards)
    grown = beside + towards * np.sqrt(np.maximum(bow * bow - rot.dot(beside, beside), 0.0))
    return bow * rot.normalize(grown)


def _length(v):
    return np.sqrt(rot.dot(v, v))
