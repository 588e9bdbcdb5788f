"""What is to be keyed, before anything of it is in Blender."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, eq=False)
class BoneKeys:
    """What to key on one bone: ``rotation`` (T, 4) as basis quaternions and ``location`` (T, 3), each where set."""

    bone: str
    rotation: np.ndarray | None = None
    location: np.ndarray | None = None


@dataclass(frozen=True)
class PropertyKey:
    """A property of a bone (``bone_properties``) that holds ``value`` on the first and the last frame of the motion."""

    bone: str
    property: str
    value: float


@dataclass(frozen=True, eq=False)
class ObjectKeys:
    """How the armature object is carried away from where it stands, in the world, Z up, Blender units: turned about the
    origin by ``rotation`` (T, 4), then moved by ``location`` (T, 3)."""

    rotation: np.ndarray
    location: np.ndarray


@dataclass(frozen=True, eq=False)
class Goal:
    """Where a bone is wanted whose keys only Blender's evaluation of the rig can tell, for ``reason`` (it goes on after
    the bone's name): ``rotation`` (T, 4) and ``head`` (T, 3) in armature space, each where set. The head is that of the
    bone ``carries`` where one is named, which goes along."""

    reason: str
    rotation: np.ndarray | None = None
    head: np.ndarray | None = None
    carries: str | None = None


@dataclass(frozen=True, eq=False)
class Solution:
    bones: list[BoneKeys]
    properties: tuple[PropertyKey, ...] = ()
    object: ObjectKeys | None = None
    warnings: tuple[str, ...] = ()
    unsolved: dict[str, Goal] = field(default_factory=dict)
    """bone -> what is left to ``evaluated``"""
