"""Read what a rig does: the pose that Blender evaluates, through IK, constraints, drivers and the NLA."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from fractions import Fraction

import bpy

from ...backend.motion.formats.text import LIMITS
from ...backend.motion.motion import Motion, as_rate
from ..bones import RigPose
from ..fitting.stage import evaluated, played, stage
from ..fitting.steps import finished
from ..refusal import Refusal
from .posed import Posed, bones_to_read, motion_of


def read_motion(context: bpy.types.Context, rig: bpy.types.Object, pose: RigPose, frames: Sequence[float]) -> Motion:
    """The rig's motion at ``frames`` of the scene, on ``pose.skeleton`` with its floor at 0. The present frame alone is
    read as it is posed now, keyed or not. Nothing changes in Blender; Refusal says what cannot be read."""
    fps = rate(context.scene)
    return motion_of(pose, finished(posing(context, rig, pose, frames)), fps)


def posing(
    context: bpy.types.Context, rig: bpy.types.Object, pose: RigPose, frames: Sequence[float]
) -> Generator[float, None, Posed]:
    """Where the rig's bones stand at ``frames`` of the scene, in steps of a frame each, which yield the share that is
    done. Close it to give up."""
    bones = bones_to_read(pose)
    looks = yield from looking(context, rig, frames, lambda posed: matrices(posed, bones))
    return Posed.of(bones, looks)


def posing_on(
    scene: bpy.types.Scene, rig: bpy.types.Object, pose: RigPose, frames: Sequence[float]
) -> Generator[float, None, Posed]:
    """The same for a rig on a stage of its own."""
    check_readable(rig, frames)
    bones = bones_to_read(pose)
    looks = yield from played(scene, rig, frames, lambda posed: matrices(posed, bones))
    return Posed.of(bones, looks)


def looking(
    context: bpy.types.Context, rig: bpy.types.Object, frames: Sequence[float], look: Callable
) -> Generator[float, None, list]:
    """What ``look`` finds at the evaluated rig on each of the ``frames``."""
    check_readable(rig, frames)
    if list(frames) == [context.scene.frame_current_final]:
        context.view_layer.update()
        return [look(evaluated(rig, context.evaluated_depsgraph_get()))]
    with stage(rig) as scene:
        return (yield from played(scene, rig, frames, look))


def matrices(posed: bpy.types.Object, bones: Sequence[str]) -> tuple:
    """The evaluated armature's place and where its ``bones`` are in it."""
    return posed.matrix_world.copy(), [posed.pose.bones[bone].matrix.copy() for bone in bones]


def rate(scene: bpy.types.Scene) -> Fraction:
    """The scene's frames a second; Refusal for one that no motion can have."""
    try:
        return as_rate((scene.render.fps, scene.render.fps_base))
    except (ValueError, ZeroDivisionError) as error:
        raise Refusal(f"The scene's frame rate cannot be used: {error}. Change it in Output > Format.") from error


def check_readable(rig: bpy.types.Object, frames: Sequence[float]) -> None:
    """Refusal for a rig that shows no pose, and for frames that are none or too many."""
    if rig.mode == "EDIT":
        raise Refusal(f"'{rig.name}' is in Edit Mode, where it has no pose. Press Tab to leave it.")
    if rig.data.pose_position == "REST":
        raise Refusal(
            f"'{rig.name}' shows its rest position. Switch it to Pose Position in the properties of its armature."
        )
    if not 1 <= len(frames) <= LIMITS.frames:
        raise Refusal(f"{len(frames):,} frames of '{rig.name}' were to be read; accepted are 1 to {LIMITS.frames:,}.")
