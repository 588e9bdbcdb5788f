"""Where a motion wants a rig's bones: those of the slots, and controls that stand for a slot. No bpy.

A bone goes to ``D * reference * rest``, with ``D`` its turn away from the reference pose (see ``retarget``): roll and
local axes never matter.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from ...backend.motion import anatomy, chains, kinematics
from ...backend.motion import rotations as rot
from ...backend.motion.bone_map import BoneMap
from ...backend.motion.motion import Motion
from ..bones import RigPose
from . import reach


@dataclass(frozen=True, eq=False)
class Targets:
    """In armature space: ``turns`` bone -> (T, 4) away from the reference pose, of every bone of the slots, of twist
    bones and of FK controls; ``joints`` slot -> (T, 3); ``heads`` (N, 3) of the rig's bones in the reference pose."""

    pose: RigPose
    turns: dict[str, np.ndarray]
    joints: dict[str, np.ndarray]
    heads: np.ndarray

    def turn(self, slot: str) -> np.ndarray:
        """(T, 4) of the bone that has the slot's whole orientation."""
        return self.turns[self.pose.bone_map.carrier(slot)]

    def rotation(self, bone: str, turn: np.ndarray) -> np.ndarray:
        """(T, 4) posed rotation of a bone that turns by ``turn`` (T, 4)."""
        bones, i = self.pose.bones, self.pose.bones.index[bone]
        return rot.multiply(turn, rot.multiply(bones.reference[i], bones.rotation[i]))

    def head(self, bone: str, slot: str) -> np.ndarray:
        """(T, 3) posed head of a bone that goes with ``slot`` as if it were part of it."""
        index = self.pose.bones.index
        away = self.heads[index[bone]] - self.heads[index[self.pose.bone_map.slots[slot][0]]]
        return self.joints[slot] + rot.rotate(self.turn(slot), away)


def targets(pose: RigPose, motion: Motion, hands: float = 0.0) -> Targets:
    """``motion`` stands on ``pose.skeleton``'s body with its floor at 0. ``hands``: how far, from 0 to 1, the wrists
    are brought to where it has them on a rig that has its shoulders elsewhere."""
    skeleton = motion.skeleton
    positions, world = kinematics.pose(motion)
    slots = [s for s in pose.bone_map.slots if s in skeleton.names]
    found = [skeleton.index(s) for s in slots]
    goals = positions[:, found] + np.array([0.0, pose.floor, 0.0])
    heads = _reference_heads(pose)
    world = {n: world[:, j] for j, n in enumerate(skeleton.names)}
    turns = _turns(pose, world, heads)
    if hands > 0.0 and reach.shoulders_differ(pose):
        joints = dict(zip(slots, np.moveaxis(goals, 1, 0)))
        world = reach.reached(world, joints, _carried_joints(pose, turns, joints, heads), hands)
        turns = _turns(pose, world, heads)
    armature = pose.space.turn_from_world(np.stack(list(turns.values())))
    goals = pose.space.from_metres(goals)
    return Targets(pose, dict(zip(turns, armature)), dict(zip(slots, np.moveaxis(goals, 1, 0))), heads)


def _reference_heads(pose: RigPose) -> np.ndarray:
    heads, calibration = pose.bones.head.copy(), pose.bone_map.calibration
    for bone, head in calibration.heads.items() if calibration is not None else ():
        if bone in pose.bones.index:  # the map may have been changed since
            heads[pose.bones.index[bone]] = head
    return heads


def _turns(pose: RigPose, world: dict[str, np.ndarray], heads: np.ndarray) -> dict[str, np.ndarray]:
    """Bone -> (T, 4) turn away from the reference pose, in the world."""
    # the rig's kind, not the motion's: where the rig shows its knuckles they say where the hand points
    canonical = anatomy.canonical_frames(pose.kind)
    offsets = {s: rot.multiply(canonical[s], rot.inverse(frame)) for s, frame in pose.frames.items()}
    places = dict(zip(pose.bones.names, pose.space.to_metres(heads)))
    turns = chains.bone_turns(pose.bone_map, world, offsets, places)
    controls = {s: c.fk for s, c in pose.bone_map.controls.items() if c.fk}
    if controls:
        # several controls of a slot share its turn as several bones of it do
        turns |= chains.bone_turns(BoneMap("controls", pose.bone_map.slots | controls), world, offsets, places)
    return turns


def _carried_joints(pose: RigPose, turns, joints: dict[str, np.ndarray], heads: np.ndarray) -> dict[str, np.ndarray]:
    """Slot -> (T, 3) where its first bone is taken by the bones above it, which turn by ``turns``; world metres."""
    own = {bone: slot for slot in joints for bone in pose.bone_map.slots[slot]}
    rest = dict(zip(pose.bones.names, pose.space.to_metres(heads)))
    moving, posed = moving_bones(pose, joints), {}
    for bone in (b for b in pose.bones.names if b in own):  # parents first
        above = _carried_by(pose, bone, own)
        if bone in moving or above is None:
            posed[bone] = joints[own[bone]]
        else:
            posed[bone] = posed[above] + rot.rotate(turns[above], rest[bone] - rest[above])
    return {slot: posed[pose.bone_map.slots[slot][0]] for slot in joints}


def moving_bones(pose: RigPose, slots: Collection[str]) -> dict[str, str]:
    """Bone -> slot of the slots' own bones that need location keys: the pelvis', and the first one of a slot that does
    not hang on the slot above it (a Biped's collars hang on its neck). A bone connected to its parent cannot move."""
    own = {bone: slot for slot, bones in pose.bone_map.slots.items() for bone in bones}
    found = {}
    for slot in slots:
        bone, above = pose.bone_map.slots[slot][0], chains.slot_above(pose.bone_map, slot)
        connected = pose.bones.connected[pose.bones.index[bone]]
        if not connected and (above is None or own.get(_carried_by(pose, bone, own)) != above):
            found[bone] = slot
    return found


def _carried_by(pose: RigPose, bone: str, own: Collection[str]) -> str | None:
    """The nearest bone above that is one of ``own``."""
    bones = pose.bones
    i = bones.parents[bones.index[bone]]
    while i >= 0 and bones.names[i] not in own:
        i = bones.parents[i]
    return bones.names[i] if i >= 0 else None
