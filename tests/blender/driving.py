"""Motions put on a character without the backend, and how far the evaluated rig is from them."""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np

from tests.blender import body_plan
from tests.blender.measure import module, posed


def swinging(skeleton, frames: int = 60, size: float = 0.5, walk: float = 1.0, turn: float = 0.0):
    """A Motion in which every joint swings up to ``size`` radians about each axis while the body sways, walks ``walk``
    metres a second and turns ``turn`` radians a second."""
    rot = module("backend.motion.rotations")
    random = np.random.default_rng(1)
    seconds = np.arange(frames) / 30.0
    phase = 3.0 * seconds[:, None, None] + random.uniform(0, 6, (len(skeleton), 3))
    rotations = rot.exp(size * np.sin(phase))
    rotations[:, 0] = rot.multiply(rot.about_y(turn * seconds), rotations[:, 0])
    way = np.stack([0.03 * np.sin(6.0 * seconds), np.full(frames, skeleton.hip_height), walk * seconds], axis=1)
    return module("backend.motion.motion").Motion(skeleton, way, rotations, 30)


@dataclass
class Driven:
    """A rig with a motion on it, from frame 1."""

    rig: bpy.types.Object
    pose: object
    motion: object
    applied: object


def drive(rig, build=body_plan.PLAIN, motion=None, bone_map=None, start: int = 1, **options) -> Driven:
    """Put ``motion`` (or one that swings) on a rig of ``build`` with these ``WriteOptions``."""
    pose = module("rig.reading.read").read_rig(bpy.context, rig, bone_map or body_plan.bone_map(build))
    motion = motion or swinging(pose.skeleton)
    wanted = module("rig.options").WriteOptions(**options)
    applied = module("rig.writing.write").apply_motion(bpy.context, rig, pose, motion, start, "driven", wanted)
    return Driven(rig, pose, motion, applied)


def with_switch(bone: str, name: str):
    """The map of the plain character with a switch of its left arm, 1 for FK."""
    maps = module("backend.motion.bone_map")
    plain = body_plan.bone_map(body_plan.PLAIN)
    controls = {"left_wrist": maps.Controls(switches=(maps.Switch(bone, name, 1.0, 0.0),))}
    return maps.BoneMap("switched", plain.slots, controls)


def distances(driven: Driven) -> dict[str, float]:
    """Slot -> largest distance in metres, over all frames, between the evaluated bone and the motion's joint."""
    positions = module("backend.motion.kinematics").joint_positions(driven.motion)
    positions = positions + np.array([0.0, driven.pose.floor, 0.0])
    first = {slot: bones[0] for slot, bones in _slots(driven)}
    shown = played(driven, lambda: [posed(driven.rig, bone) for bone in first.values()])
    apart = np.linalg.norm(shown - positions[:, [driven.motion.skeleton.index(s) for s in first]], axis=-1)
    return dict(zip(first, apart.max(axis=0).tolist()))


def angles(driven: Driven) -> dict[str, float]:
    """Slot -> largest angle in degrees, over all frames, between the posture of the evaluated bone and the motion's."""
    rot, pose = module("backend.motion.rotations"), driven.pose
    canonical = module("backend.motion.anatomy").canonical_frames(pose.kind)
    world = module("backend.motion.kinematics").pose(driven.motion)[1]
    slots = [slot for slot, _ in _slots(driven)]
    shown = played(driven, lambda: [_turned_now(driven, pose.bone_map.carrier(slot)) for slot in slots])
    got = rot.multiply(shown, np.array([pose.frames[slot] for slot in slots]))
    joints = [driven.motion.skeleton.index(slot) for slot in slots]
    wanted = rot.multiply(world[:, joints], np.array([canonical[slot] for slot in slots]))
    return dict(zip(slots, np.rad2deg(rot.angle_between(got, wanted)).max(axis=0).tolist()))


def played(driven: Driven, look) -> np.ndarray:
    """(T, ...): what ``look`` sees on every frame of the motion."""
    seen = []
    for t in range(len(driven.motion)):
        bpy.context.scene.frame_set(1 + t)
        seen.append(look())
    return np.array(seen)


def at(driven: Driven, bone: str, frame: int) -> np.ndarray:
    """(3,) evaluated head in world metres, Y up, at the motion's ``frame``."""
    bpy.context.scene.frame_set(1 + frame)
    return posed(driven.rig, bone)


def turned(driven: Driven, bone: str, frame: int) -> np.ndarray:
    """(4,) evaluated turn of a bone away from its rest, in the world, Y up."""
    bpy.context.scene.frame_set(1 + frame)
    return _turned_now(driven, bone)


def _turned_now(driven: Driven, bone: str) -> np.ndarray:
    evaluated = driven.rig.evaluated_get(bpy.context.evaluated_depsgraph_get())
    away = evaluated.pose.bones[bone].matrix @ driven.rig.data.bones[bone].matrix_local.inverted()
    place = evaluated.matrix_world.to_quaternion()
    rest = driven.pose.space.rotation
    w, x, y, z = place @ away.to_quaternion() @ type(place)(rest).inverted()
    return np.array([w, x, z, -y])


def _slots(driven: Driven):
    return [(s, b) for s, b in driven.pose.bone_map.slots.items() if s in driven.motion.skeleton.names]
