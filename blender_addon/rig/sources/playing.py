"""Another armature's action as the source of a motion."""

from __future__ import annotations

from collections.abc import Generator

import bpy

from ...backend.motion.bone_map import BoneMap
from ..fitting.steps import aside
from ..reading.posed import body_yaw, ground, motion_of, rotations_of
from ..reading.read import read_rig
from ..reading.read_motion import posing, rate
from ..refusal import Refusal
from .retargeting import Source


def frames_of(rig: bpy.types.Object) -> range:
    """The frames of the rig's action; Refusal when it has none, or one that moves nothing."""
    action = rig.animation_data.action if rig.animation_data is not None else None
    if action is None:
        raise Refusal(f"'{rig.name}' has no action. Choose one for it in the Action editor.")
    first, last = (round(frame) for frame in action.frame_range)
    if last <= first:
        raise Refusal(f"The action '{action.name}' of '{rig.name}' has keys on less than two frames: nothing moves.")
    return range(first, last + 1)


def reading_action(
    context: bpy.types.Context, rig: bpy.types.Object, bone_map: BoneMap
) -> Generator[float, None, Source]:
    """The rig's motion over its action, about the place where the rig stands when it begins; in steps of a frame."""
    frames = frames_of(rig)
    pose = read_rig(context, rig, bone_map)
    posed = yield from posing(context, rig, pose, frames)
    yaw, place = ground(rotations_of(posed.world[0]), posed.world[0, :3, 3], pose.space.unit)
    motion = yield from aside(motion_of, pose, posed, rate(context.scene))
    motion = motion.moved(0.0, -place).moved(-yaw - body_yaw(pose))
    what = f"'{rig.animation_data.action.name}' of '{rig.name}': {len(frames)} frames"
    return Source(motion, None, f"{what} ({bone_map.name}, {len(bone_map.slots)} slots)")
