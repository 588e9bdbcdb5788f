"""What the recipe of ``guo`` needs to know of a skeleton, and how its rows are laid out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np


def layout(joints: int) -> dict[str, slice]:
    """Where each block of a row lies, for a skeleton of ``joints`` joints; the deviations are averaged in each."""
    sizes = {
        "turn": 1, "velocity": 2, "height": 1, "positions": 3 * (joints - 1), "rotations": 6 * (joints - 1),
        "velocities": 3 * joints, "contacts": 4,
    }  # fmt: skip
    found, start = {}, 0
    for name, size in sizes.items():
        found[name] = slice(start, start + size)
        start += size
    return found


@dataclass(frozen=True, eq=False)
class GuoSkeleton:
    """What the recipe needs to know of J joints; all indices are joints, all directions unit vectors."""

    name: str
    """of the codec, for messages"""
    chains: tuple[tuple[int, ...], ...]
    """the first joint of a chain lies on an earlier one, or is the root"""
    directions: np.ndarray
    """(J, 3) rest direction of the bone that ends in each joint; the root's is zero"""
    face: tuple[int, int, int, int]
    """right hip, left hip, right shoulder, left shoulder"""
    feet: tuple[int, int, int, int]
    """left ankle, left foot, right ankle, right foot: the order of the contacts"""
    lower_legs: tuple[int, int]
    """the two bones whose summed length scales the root's way"""
    contact: float
    """squared displacement per frame under which a foot counts as standing"""

    def __len__(self):
        return len(self.directions)

    @cached_property
    def parents(self) -> tuple[int, ...]:
        found = [-1] * len(self)
        for chain in self.chains:
            for parent, joint in zip(chain, chain[1:]):
                found[joint] = parent
        return tuple(found)

    @cached_property
    def turned_by(self) -> tuple[int, ...]:
        """(J,) whose rotation a joint's own is relative to. QUIRK: every chain restarts at the root's rotation, so the
        arms do not inherit the chest's nor the fingers the wrist's."""
        found = [0] * len(self)
        for chain in self.chains:
            for parent, joint in zip(chain[1:], chain[2:]):
                found[joint] = parent
        return tuple(found)

    @cached_property
    def order(self) -> tuple[int, ...]:
        """All joints but the root, parents before children."""
        return tuple(joint for chain in self.chains for joint in chain[1:])

    @cached_property
    def layout(self) -> dict[str, slice]:
        return layout(len(self))

    @cached_property
    def width(self) -> int:
        return self.layout["contacts"].stop
