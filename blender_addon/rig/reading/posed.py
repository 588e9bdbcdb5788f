"""Where a rig's bones stand when Blender has evaluated it, and the Motion that this is: no bpy here.

The inverse of writing: a bone stands at ``D * reference * rest``, and the joint's world rotation is
``G = D * F_rig * F_canonical**-1`` (see ``backend/motion/retarget.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ...backend.motion import axes, kinematics, retarget
from ...backend.motion import rotations as rot
from ...backend.motion.anatomy import body_axes, canonical_frames
from ...backend.motion.bone_map import BoneMap
from ...backend.motion.chains import slot_above
from ...backend.motion.motion import Motion
from ...backend.motion.skeleton import ARM, FINGERS, LEG, SMPLX52_NAMES, Skeleton
from ..bones import RigPose

_CHAINS = (
    ("spine1", "spine2", "spine3", "neck", "head"),
    *(
        tuple(f"{side}_{part}" for part in chain)
        for side in ("left", "right")
        for chain in (
            LEG,
            ARM,
            *((f"{finger}1", f"{finger}2", f"{finger}3") for finger in FINGERS),
        )
    ),
)
"""slots of which each carries the next"""
_TURNED = np.deg2rad(20.0)
"""a body bound in another direction than its object is turned by more, mostly by a quarter or a half"""
_TWISTED = ("spine1", "spine2", "spine3", "neck")
"""slots whose bones a control rig twists in ways of its own: their controls say how they are turned"""


def bones_to_read(pose: RigPose) -> tuple[str, ...]:
    """The bones that say where the joints are and how they are turned."""
    bone_map = pose.bone_map
    return tuple(dict.fromkeys(b for s, own in bone_map.slots.items() for b in (own[0], *_turning(bone_map, s))))


@dataclass(frozen=True, eq=False)
class Posed:
    """T frames as Blender has evaluated them: ``world`` (T, 4, 4) is the armature's place, ``matrices`` (T, N, 4, 4)
    are those of ``bones`` in armature space."""

    bones: tuple[str, ...]
    world: np.ndarray
    matrices: np.ndarray

    @classmethod
    def of(cls, bones: tuple[str, ...], frames: Sequence[tuple]) -> Posed:
        """``frames``: (world, matrices) of each."""
        world, matrices = zip(*frames)
        return cls(bones, np.array(world, float), np.array(matrices, float))

    def heads(self, pose: RigPose, bone: str) -> np.ndarray:
        """(T, 3) metres over the rig's own floor, Y up."""
        head = self.matrices[:, self.bones.index(bone), :3, 3]
        world = np.einsum("tij,tj->ti", self.world[:, :3, :3], head) + self.world[:, :3, 3]
        return axes.vectors_to_y_up(world) * pose.space.unit - np.array([0.0, pose.floor, 0.0])

    def turns(self, pose: RigPose, bone: str, start: str, following: str | None) -> np.ndarray:
        """(T, 4) of ``bone`` away from the pose that is taken as the rest pose, in the world, Y up; from ``start`` to
        ``following``, if any: the heads between which it points."""
        i = pose.bones.index[bone]
        own = rotations_of(self.matrices[:, self.bones.index(bone)])
        if following is not None:
            own = rot.multiply(self._swing(pose, bone, start, following, own), own)
        now = rot.multiply(rotations_of(self.world), own)
        rest = rot.multiply(pose.space.rotation, rot.multiply(pose.bones.reference[i], pose.bones.rotation[i]))
        return axes.rotations_to_y_up(rot.multiply(now, rot.inverse(rest)))

    def _swing(self, pose: RigPose, bone: str, start: str, following: str, rotation) -> np.ndarray:
        """(T, 4): none where the bone carries the following one stiffly. The bones of a control rig may be pulled about
        by tweaks: then the limb points to where it ends."""
        index, rest = pose.bones.index, pose.bones
        way = rest.head[index[following]] - rest.head[index[start]]
        carried = rot.rotate(rotation, rot.rotate(rot.inverse(rest.rotation[index[bone]]), way))
        heads = self.matrices[..., :3, 3]
        found = heads[:, self.bones.index(following)] - heads[:, self.bones.index(start)]
        stub = np.linalg.norm(found, axis=-1) < 1e-3 * pose.bones.length[index[start]]
        return rot.between(carried, np.where(stub[:, None], carried, found))


def motion_of(pose: RigPose, posed: Posed, fps: Fraction) -> Motion:
    """The Motion on the character's own skeleton (``pose.skeleton``), its floor at 0; contacts by height and speed."""
    skeleton, canonical = pose.skeleton, canonical_frames(pose.kind)
    world = {}
    for slot, turns in _turns(pose, posed).items():
        if slot in skeleton.names:
            world[slot] = rot.multiply(turns, rot.multiply(pose.frames[slot], rot.inverse(canonical[slot])))
    local = kinematics.local_from_world(skeleton, retarget.fill_missing(world, skeleton.kind))
    root = posed.heads(pose, pose.bone_map.slots["pelvis"][0])
    motion = Motion(skeleton, root, rot.continuous(local), fps)
    return motion.with_contacts(kinematics.detect_contacts(motion))


def recording_of(pose: RigPose, posed: Posed, fps: Fraction) -> Motion:
    """The same on a skeleton that rests as the rig does, its joints named like slots: ``rest_pose.as_ours`` mends how
    recordings rest, which is not seen any more on the canonical rest pose."""
    slots = tuple(s for s in SMPLX52_NAMES if s in pose.points)
    above = [slot_above(pose.bone_map, s) for s in slots]
    offsets = [pose.points[s] - pose.points[a] if a else np.zeros(3) for s, a in zip(slots, above)]
    parents = tuple(slots.index(a) if a else -1 for a in above)
    skeleton, turns = Skeleton("other", slots, parents, np.array(offsets)), _turns(pose, posed)
    local = kinematics.local_from_world(skeleton, np.stack([turns[s] for s in slots], axis=1))
    return Motion(skeleton, posed.heads(pose, pose.bone_map.slots["pelvis"][0]), rot.continuous(local), fps)


def _turns(pose: RigPose, posed: Posed) -> dict[str, np.ndarray]:
    """Slot -> (T, 4), how it is turned away from the rest pose, in the world."""
    following, bone_map = _following(pose), pose.bone_map
    return {slot: posed.turns(pose, *_turning(bone_map, slot), following.get(slot)) for slot in bone_map.slots}


def _turning(bone_map: BoneMap, slot: str) -> tuple[str, str]:
    """The bone that has the slot's whole turn, and the one whose head it begins to point from."""
    controls = bone_map.controls.get(slot)
    if slot in _TWISTED and controls is not None and controls.fk:
        return controls.fk[-1], bone_map.slots[slot][0]
    return (bone_map.carrier(slot),) * 2


def _following(pose: RigPose) -> dict[str, str]:
    """Slot -> the first bone of the next slot of its chain that the rig has."""
    slots = pose.bone_map.slots
    chains = [[slot for slot in chain if slot in slots] for chain in _CHAINS]
    return {slot: slots[after][0] for chain in chains for slot, after in zip(chain, chain[1:])}


def ground(rotation, translation, unit: float) -> tuple[float, np.ndarray]:
    """Where an armature stands that has this ``rotation`` (4) and ``translation`` (3) in the world, Blender's axes and
    units: radians about +Y, and (3,) metres with height 0."""
    _, about = rot.swing_twist(axes.rotations_to_y_up(rotation), np.array([0.0, 1.0, 0.0]))
    x, _, z = axes.vectors_to_y_up(translation) * unit
    return 2.0 * float(np.arctan2(about[2], about[0])), np.array([x, 0.0, z])


def body_yaw(pose: RigPose) -> float:
    """Radians about +Y from where the armature object faces to where the body in it faces at rest: a rig may be bound
    facing any way in its object. Nothing for less than an uneven body shows."""
    left, _, _ = body_axes(pose.points)
    yaw, _ = ground(pose.space.rotation, pose.space.translation, pose.space.unit)
    turned = (float(np.arctan2(-left[2], left[0])) - yaw + np.pi) % (2.0 * np.pi) - np.pi
    return turned if abs(turned) > _TURNED else 0.0


def rotations_of(matrices) -> np.ndarray:
    """(..., 4) of matrices (..., 4, 4) that may hold the stretch and shear of a control rig: a bone points along its Y
    axis whatever scales it."""
    columns = np.moveaxis(np.asarray(matrices, float)[..., :3, :3], -1, 0)
    return rot.frame(columns[1], columns[2])
