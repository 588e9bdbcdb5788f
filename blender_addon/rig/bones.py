"""What the solver needs to know of a rig, as plain arrays: no bpy here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..backend.motion import axes, retarget
from ..backend.motion import rotations as rot
from ..backend.motion.anatomy import kind_of
from ..backend.motion.bone_map import BoneMap
from ..backend.motion.skeleton import Skeleton
from .solving.constraints import Constraint


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


@dataclass(frozen=True)
class LockedChannels:
    """Which channels the animator has locked: ``location`` x, y, z and ``rotation`` in the order of the bone's own
    rotation mode (w first where it has four)."""

    location: tuple[bool, bool, bool]
    rotation: tuple[bool, ...]


@dataclass(frozen=True, eq=False)
class Bones:
    """The mapped bones and all bones that decide where these are (above them, or targets of constraints), parents
    first; armature space, Blender units."""

    names: tuple[str, ...]
    parents: tuple[int, ...]
    rotation: np.ndarray
    """(N, 4) at rest"""
    head: np.ndarray
    """(N, 3) at rest"""
    length: np.ndarray
    """(N,)"""
    reference: np.ndarray
    """(N, 4) away from rest in the pose that is taken as the rest pose: a calibration, or else no turn at all"""
    inherits_rotation: tuple[bool, ...]
    local_location: tuple[bool, ...]
    connected: tuple[bool, ...]
    basis_rotation: np.ndarray
    """(N, 4) now, away from rest: bones that are not keyed keep it"""
    basis_location: np.ndarray
    """(N, 3) now"""
    constraints: tuple[tuple[Constraint, ...], ...]
    """what acts on each bone, in its order; without what nothing comes of"""
    rotation_mode: tuple[str, ...]
    locks: tuple[LockedChannels, ...]

    @cached_property
    def index(self) -> dict[str, int]:
        """Name -> row."""
        return {name: i for i, name in enumerate(self.names)}

    @cached_property
    def on_parent(self) -> tuple[np.ndarray, np.ndarray]:
        """(N, 4) and (N, 3): rotation and head at rest as the parent sees them; without one, as the armature does."""
        above = np.maximum(self.parents, 0)
        rooted = np.array(self.parents)[:, None] < 0
        back = rot.inverse(np.where(rooted, rot.IDENTITY, self.rotation[above]))
        away = self.head - np.where(rooted, 0.0, self.head[above])
        return rot.multiply(back, self.rotation), rot.rotate(back, away)


@dataclass(frozen=True, eq=False)
class RigPose:
    """One reading of a rig: what the request needs, and what the solver needs when the answer comes."""

    space: Space
    bones: Bones
    bone_map: BoneMap
    points: dict[str, np.ndarray]
    """slot -> (3,) position at rest, or in the calibration's pose; world metres, Y up"""
    frames: dict[str, np.ndarray]
    """slot -> (4,) anatomical frame in that pose, world, Y up"""
    switches: dict[tuple[str, str], float]
    """(bone, property) -> value now"""
    origin: tuple[float, float]
    """x, z of the posed pelvis, metres"""
    floor: float
    """height of the floor that the rest pose stands on (the lowest of its ``soles``), metres"""
    heading: float
    """radians about +Y, of the posed hips"""
    warnings: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """The canonical skeleton that the rig has the slots of: with fingers as soon as one is mapped."""
        return kind_of(self.points)

    @cached_property
    def skeleton(self) -> Skeleton:
        """The character's proportions in canonical form: what motions for this rig stand on."""
        return retarget.character_skeleton(self.points, self.kind, self.frames)

    @property
    def sole(self) -> float:
        """Metres from where the armature stands up to the lowest of the ``soles``: its floor is under the joints."""
        return self.floor - float(self.space.to_metres(np.zeros(3))[1])

    @cached_property
    def soles(self) -> np.ndarray:
        """(4, 3) ankles and toes, where ``points`` has them: what the rest pose stands on. Toes that the rig lacks are
        as far below the ankles as the skeleton has them."""
        found = []
        for side in ("left_", "right_"):
            ankle, down = self.points[side + "ankle"], self.skeleton.offsets[self.skeleton.index(side + "foot"), 1]
            found += [ankle, self.points.get(side + "foot", ankle + [0.0, down, 0.0])]
        return np.array(found)
