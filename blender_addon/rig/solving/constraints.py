"""What a bone's constraints do to it, as plain data that numpy can evaluate over all frames: no bpy here.

What constraints do to a control rig's mechanism is nearly always one of three things: a bone copies another one's
place, follows it rigidly, or stays near it. What is none of these is carried along as ``Unknown``, with the reason in
words.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...backend.motion import rotations as rot


@dataclass(frozen=True)
class Copy:
    """The bone takes over the rotation, the head, or both of bone ``target``."""

    target: str
    influence: float
    rotation: bool
    location: bool
    local: bool = False
    """what is taken over is the target's own basis, not where that puts it"""
    at: float = 0.0
    """where along the target its location is taken: 0 head, 1 tail"""

    @property
    def replaces(self) -> bool:
        """Whether nothing is left of where the bone was before."""
        return self.rotation and self.location and not self.local and self.influence >= 1.0


@dataclass(frozen=True, eq=False)
class Follow:
    """The bone moves as ``target`` does: target * bind * bone. The bind is a constant ``rotation`` (4) and ``location``
    (3) in armature space."""

    target: str
    influence: float
    rotation: np.ndarray
    location: np.ndarray


@dataclass(frozen=True)
class Near:
    """The bone's head stays within ``distance`` (armature units) of the head of ``target``."""

    target: str
    influence: float
    distance: float


@dataclass(frozen=True)
class Unknown:
    """Nothing here can say what comes of it; ``reason`` continues a sentence about the bone."""

    reason: str


Constraint = Copy | Follow | Near | Unknown


def targets(constraints: tuple[Constraint, ...]) -> list[str]:
    """The bones that must be known before these can be evaluated."""
    return [c.target for c in constraints if not isinstance(c, Unknown)]


def needed(constraints: list[Constraint]) -> tuple[Constraint, ...]:
    """The constraints without those that a later one leaves nothing of."""
    start = max((i for i, c in enumerate(constraints) if isinstance(c, Copy) and c.replaces), default=0)
    return tuple(constraints[start:])


def unknown(constraints: tuple[Constraint, ...]) -> str:
    """Why they cannot be evaluated, or nothing."""
    return next((c.reason for c in constraints if isinstance(c, Unknown)), "")


def blend(before, after, influence: float):
    """(rotation, head) pairs (..., 4), (..., 3) between ``before`` and ``after``, as Blender blends the two."""
    if influence >= 1.0:
        return after
    rotation = rot.slerp(before[0], after[0], np.asarray(influence))
    return rotation, before[1] + influence * (after[1] - before[1])
