"""What carries a motion over the ground: the smoothed way of the character's place and heading.

The hips sway, the place they are carried by does not. A root bone or the object takes the place's way, the hips keep
what is left over, and the world motion stays what it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ...backend.motion import anatomy, kinematics
from ...backend.motion import rotations as rot
from ...backend.motion.motion import Motion

SMOOTH_SECONDS = 0.4  # a walk sways once a second: of that less than a tenth is left


@dataclass(frozen=True, eq=False)
class Ground:
    """Carries the character at rest to where it stands in each frame: ``turn`` (T, 4) about the world's up, then
    ``shift`` (T, 3), metres, Y up."""

    turn: np.ndarray
    shift: np.ndarray

    def carry(self, point) -> np.ndarray:
        """(T, 3): where a world point (3,) or (T, 3) of the character at rest comes to."""
        return rot.rotate(self.turn, point) + self.shift

    def without(self, motion: Motion) -> Motion:
        """What is left of ``motion`` for whoever is carried by this."""
        back = rot.inverse(self.turn)
        rotations = motion.rotations.copy()
        rotations[:, 0] = rot.multiply(back, rotations[:, 0])
        return replace(motion, root=rot.rotate(back, motion.root - self.shift), rotations=rotations)


def way(motion: Motion) -> np.ndarray:
    """(T, 3) smoothed place of the hips on the ground, metres, y = 0. It begins and ends where they do."""
    path = motion.root * np.array([1.0, 0.0, 1.0])
    line = path[0] + np.linspace(0.0, 1.0, len(path))[:, None] * (path[-1] - path[0])
    return line + kinematics.gaussian(path - line, SMOOTH_SECONDS * float(motion.fps))


def ground(motion: Motion, points: Mapping[str, np.ndarray]) -> Ground:
    """Where the character whose joints rest at ``points`` (slot -> (3,), world metres, Y up) stands in each frame."""
    left = anatomy.body_axes(points)[0]
    turn = rot.about_y(kinematics.heading(motion, SMOOTH_SECONDS) - np.arctan2(-left[2], left[0]))
    pelvis = points["pelvis"] * np.array([1.0, 0.0, 1.0])
    return Ground(turn, way(motion) - rot.rotate(turn, pelvis))


def in_place(motion: Motion) -> Motion:
    """The same motion without its way over the ground: it sways and turns where it began."""
    path = way(motion)
    return replace(motion, root=motion.root - path + path[0])
