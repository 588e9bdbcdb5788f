"""What the solver needs to know of a rig, as plain arrays: no bpy here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..backend.motion import rotations as rot
from ..backend.motion.bone_map import BoneMap
from . import axes


@dataclass(frozen=True, eq=False)
class Space:
    """An armature's place in the world: ``rotation`` (4), uniform ``scale`` and ``translation`` (3) in Blender units
    (Z up), and ``unit``, the metres of one Blender unit."""

    rotation: np.ndarray
    scale: float
    translation: np.ndarray
    unit: float

    def to_metres(self, points) -> np.ndarray:
        """Armature-space points (..., 3) to world metres, Y up."""
        world = rot.rotate(self.rotation, np.asarray(points, float) * self.scale) + self.translation
        return axes.vectors_to_y_up(world) * self.unit

    def from_metres(self, points) -> np.ndarray:
        """The inverse of ``to_metres``."""
        world = axes.vectors_to_z_up(points) / self.unit
        return rot.rotate(rot.inverse(self.rotation), world - self.translation) / self.scale

    def turn_from_world(self, turns) -> np.ndarray:
        """World rotations away from rest (..., 4), Y up, to the same turns in armature space."""
        turns = axes.rotations_to_z_up(turns)
        return rot.multiply(rot.multiply(rot.inverse(self.rotation), turns), self.rotation)


@dataclass(frozen=True, eq=False)
class Bones:
    """The mapped bones and all bones above them, parents first; armature space, Blender units."""

    names: tuple[str, ...]
    parents: tuple[int, ...]
    rotation: np.ndarray
    """(N, 4) at rest"""
    head: np.ndarray
    """(N, 3) at rest"""
    inherits_rotation: tuple[bool, ...]
    local_location: tuple[bool, ...]
    connected: tuple[bool, ...]
    basis_rotation: np.ndarray
    """(N, 4) now, away from rest: bones that are not mapped keep it"""
    basis_location: np.ndarray
    """(N, 3) now"""


@dataclass(frozen=True, eq=False)
class RigPose:
    """One reading of a rig: what the request needs, and what the solver needs when the answer comes."""

    space: Space
    bones: Bones
    bone_map: BoneMap
    points: dict[str, np.ndarray]
    """slot -> (3,) rest position, world metres, Y up"""
    origin: tuple[float, float]
    """x, z of the posed pelvis, metres"""
    floor: float
    """height of the floor that the rest pose stands on (its lowest ankle or toe joint), metres"""
    heading: float
    """radians about +Y, of the posed hips and shoulders"""
    warnings: tuple[str, ...] = ()
