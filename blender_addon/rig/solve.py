"""A Motion onto a rig's bones: closed form, vectorised over frames, no bpy.

A bone's world rotation is ``D * rest``, with ``D = G * F_canonical * F_rig**-1`` (see ``backend/motion/retarget.py``)
and ``G`` the world rotation of the Motion's joint. What Blender wants keyed follows from the parent's posed matrix.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..backend.motion import kinematics, retarget
from ..backend.motion import rotations as rot
from ..backend.motion.motion import Motion
from ..backend.motion.skeleton import canonical
from .bones import Bones, RigPose


@dataclass(frozen=True, eq=False)
class BoneKeys:
    """What to key on one bone: ``rotation`` (T, 4) as basis quaternions and, where set, ``location`` (T, 3)."""

    bone: str
    rotation: np.ndarray
    location: np.ndarray | None = None


def solve(pose: RigPose, motion: Motion) -> list[BoneKeys]:
    """Basis rotations and locations of every mapped bone whose slot the Motion has.

    ``motion`` stands on the rig's own skeleton (``retarget.character_skeleton(pose.points)``) with its floor at 0.
    """
    positions, world = kinematics.forward(motion.skeleton, motion.root, motion.rotations)
    positions = positions + np.array([0.0, pose.floor, 0.0])
    turns = _bone_turns(pose, motion, world)
    slot_of = {pose.bone_map.slots[s][0]: s for s in pose.bone_map.slots if s in motion.skeleton.names}
    targets = {}
    for bone, slot in slot_of.items():
        if _moves_freely(pose, bone, slot, motion.skeleton):
            targets[bone] = pose.space.from_metres(positions[:, motion.skeleton.index(slot)])
    return _basis(pose, {b: pose.space.turn_from_world(d) for b, d in turns.items()}, targets)


def _bone_turns(pose: RigPose, motion: Motion, world) -> dict[str, np.ndarray]:
    """Bone name -> (T, 4) world rotation away from rest, Y up."""
    skeleton = motion.skeleton
    base = canonical(skeleton.kind)
    between = retarget.offsets_between(dict(zip(base.names, base.rest_positions)), pose.points)
    turns = {}
    for slot, bones in pose.bone_map.slots.items():
        if slot not in between:
            continue
        joint = skeleton.index(slot)
        posture = world[:, joint]
        above = world[:, skeleton.parents[joint]] if skeleton.parents[joint] >= 0 else posture
        for k, bone in enumerate(bones, start=1):
            share = posture if k == len(bones) else rot.slerp(above, posture, k / len(bones))
            turns[bone] = rot.multiply(share, between[slot])
    return turns


def _moves_freely(pose: RigPose, bone: str, slot: str, skeleton) -> bool:
    """Whether the bone needs location keys: the pelvis, and a slot whose bone does not hang on the slot above it."""
    joint = skeleton.index(slot)
    if skeleton.parents[joint] < 0:
        return True
    bones, i = pose.bones, pose.bones.names.index(bone)
    if bones.connected[i]:
        return False
    above = skeleton.parents[joint]
    while skeleton.names[above] not in pose.bone_map.slots:
        above = skeleton.parents[above]
    wanted = pose.bone_map.slots[skeleton.names[above]][-1]
    while i >= 0 and bones.names[i] != wanted:
        i = bones.parents[i]
    return i < 0


def _basis(pose: RigPose, turns, targets) -> list[BoneKeys]:
    """``turns``: bone -> (T, 4) away from rest and ``targets``: bone -> (T, 3) heads, both in armature space."""
    bones: Bones = pose.bones
    rotations, heads, keys = [], [], []
    for i, (name, p) in enumerate(zip(bones.names, bones.parents)):
        if p < 0:
            start, rest_head = bones.rotation[i], bones.head[i]
            axes_of_location = start if bones.local_location[i] else rot.IDENTITY
        else:
            back = rot.inverse(bones.rotation[p])
            offset = rot.multiply(back, bones.rotation[i])
            rest_head = heads[p] + rot.rotate(rotations[p], rot.rotate(back, bones.head[i] - bones.head[p]))
            inherited = rot.multiply(rotations[p], offset)
            start = inherited if bones.inherits_rotation[i] else bones.rotation[i]
            axes_of_location = inherited if bones.local_location[i] else rotations[p]
        head = rest_head + (0.0 if bones.connected[i] else rot.rotate(axes_of_location, bones.basis_location[i]))
        if name not in turns:
            rotations.append(rot.multiply(start, bones.basis_rotation[i]))
            heads.append(head)
            continue
        rotation = rot.multiply(turns[name], bones.rotation[i])
        location = None
        if name in targets:
            head = targets[name]
            location = rot.rotate(rot.inverse(axes_of_location), head - rest_head)
        elif not bones.connected[i] and np.any(bones.basis_location[i]):
            location = np.zeros((len(rotation), 3))  # a leftover offset would pull the limb off the Motion
            head = rest_head
        basis = rot.multiply(rot.inverse(start), rotation)
        keys.append(BoneKeys(name, basis, location))
        rotations.append(rotation)
        heads.append(head)
    return keys
