"""Put a clip on a rig as the add-on does: retargeted onto the rig's own skeleton, solved, written, played."""

from __future__ import annotations

from dataclasses import dataclass, replace

import bpy
import numpy as np

from tests.blender.measure import module

from .clips import Clip
from .played import Played, played

START = 1


@dataclass(frozen=True, eq=False)
class Drive:
    """``source`` is the clip turned to where the rig faces, ``motion`` the same on the rig's skeleton, from where the
    rig stands; ``shift`` (3,) is what moved it there. ``shown`` is what Blender made of it."""

    pose: object
    clip: Clip
    source: object
    motion: object
    shift: np.ndarray
    shown: Played

    @property
    def goals(self) -> tuple[np.ndarray, np.ndarray]:
        """Positions (T, J, 3) in the world and rotations (T, J, 4) of the Motion's joints."""
        positions, world = module("backend.motion.kinematics").pose(self.motion)
        return positions + [0.0, self.pose.floor, 0.0], world

    def slots(self) -> list[str]:
        """The mapped slots that the Motion has."""
        return [s for s in self.pose.bone_map.slots if s in self.motion.skeleton.names]

    def heads(self, slot: str) -> np.ndarray:
        """(T, 3) where the slot's joint is in Blender."""
        return self.shown.heads[:, self.shown.index(self.pose.bone_map.slots[slot][0])]

    def source_joint(self, slot: str) -> np.ndarray:
        """(T, 3) where the performer's joint is."""
        positions = module("backend.motion.kinematics").joint_positions(self.source)
        return positions[:, self._performers(slot)]

    def source_turned(self, slot: str, direction: np.ndarray) -> np.ndarray:
        """(T, 3) where a ``direction`` (3,) of the performer's rest pose points, as the slot's bone turns it."""
        _, world = module("backend.motion.kinematics").pose(self.source)
        return module("backend.motion.rotations").rotate(world[:, self._performers(slot)], direction)

    def _performers(self, slot: str) -> int:
        return self.source.skeleton.index(self.clip.bone_map.slots[slot][0])


def read(rig: bpy.types.Object):
    """The rig with the map that is found without a click: (RigPose, Mapping)."""
    mapping = module("rig.bone_maps.lookup").Maps().of(bpy.context, rig)
    return module("rig.reading.read").read_rig(bpy.context, rig, mapping.bone_map), mapping


def drive(rig: bpy.types.Object, pose, clip: Clip, options=None, corrected: bool = False) -> Drive:
    """The clip on the rig, whole, from frame ``START`` on; it is the rig's active action afterwards."""
    source, motion, shift = onto(pose, clip, corrected)
    options = module("rig.options").WriteOptions() if options is None else options
    options = replace(options, hands=1.0 if corrected else 0.0)
    clear(rig)
    module("rig.writing.write").apply_motion(bpy.context, rig, pose, motion, START, clip.name, options)
    return Drive(pose, clip, source, motion, shift, played(rig, frames_of(motion)))


def frames_of(motion) -> range:
    """The scene's frames that a motion is on."""
    return range(START, START + len(motion))


def onto(pose, clip: Clip, corrected: bool):
    """(source turned to where the rig faces, motion on the rig's skeleton, the motion's shift (3,))."""
    retarget = module("backend.motion.retarget")
    source = clip.motion.moved(pose.heading)
    correction = module("backend.motion.limbs").LimbCorrection() if corrected else None
    motion = retarget.retarget(source, clip.bone_map, pose.skeleton, correction)
    shift = np.array([pose.origin[0], 0.0, pose.origin[1]]) - motion.root[0] * [1.0, 0.0, 1.0]
    return source, motion.moved(0.0, shift), shift


def clear(rig: bpy.types.Object) -> None:
    """Take every action away and put the bones back to rest. Drivers stay: a control rig works by them."""
    if rig.animation_data is not None:
        rig.animation_data.action = None
        for track in list(rig.animation_data.nla_tracks):
            rig.animation_data.nla_tracks.remove(track)
    for action in list(bpy.data.actions):
        bpy.data.actions.remove(action)
    for bone in rig.pose.bones:
        bone.location, bone.rotation_quaternion, bone.rotation_euler = (0, 0, 0), (1, 0, 0, 0), (0, 0, 0)
    bpy.context.view_layer.update()
