"""From the panel's fields and the selected rig to a request, or to the reason why not."""

from __future__ import annotations

import bpy

from ..backend.motion import retarget
from ..backend.motion.limbs import LimbCorrection
from ..backend.protocol import LIMITS, GenerateRequest, RequestError, Segment
from ..rig import target
from ..rig.options import WriteOptions
from ..rig.reading.key_pose import read_key_poses
from ..rig.reading.read import read_rig
from ..rig.reading.read_motion import rate
from ..rig.refusal import Refusal
from . import key_poses, preferences
from .runtime import Order, Runtime


def check(context: bpy.types.Context, runtime: Runtime) -> bpy.types.Object:
    """The rig that Generate would animate; Refusal says what is missing. Cheap: the panel asks at every redraw."""
    rig = target.selected_rig(context)
    key_frames(context, runtime, rig)
    prompt = context.scene.posewright.prompt.strip()
    if not prompt:
        raise Refusal('The prompt is empty. Type what the character should do, e.g. "a person walks forward".')
    if len(prompt) > LIMITS.text:
        raise Refusal(f"The prompt has {len(prompt)} characters, at most {LIMITS.text} are accepted. Shorten it.")
    preferences.backend_python(context)
    return rig


def key_frames(context: bpy.types.Context, runtime: Runtime, rig: bpy.types.Object) -> list[int]:
    """The scene's frames of the key poses that are to be sent. Refusal for too many, and for a rig without a map."""
    bone_map = runtime.maps.of(context, rig).bone_map
    if not context.scene.posewright.use_keys:
        return []
    frames = key_poses.in_span(context.scene, runtime.key_frames.of(rig, bone_map))
    key_poses.check_count(context.scene, frames)
    return frames


def options(scene: bpy.types.Scene) -> WriteOptions:
    """How the panel says that a motion is to be put on the rig."""
    wishes = scene.posewright
    return WriteOptions(wishes.root, wishes.arms, wishes.legs, wishes.fingers, wishes.hands_correction)


def correction(scene: bpy.types.Scene) -> LimbCorrection:
    """How far feet and hands are to reach where the motion has them."""
    return LimbCorrection(scene.posewright.feet_correction, scene.posewright.hands_correction)


def make(context: bpy.types.Context, runtime: Runtime) -> tuple[Order, GenerateRequest]:
    """Read the rig at the playhead and word the request; Refusal says what is missing."""
    runtime.key_frames.forget()  # what a script did since is not known yet
    rig = check(context, runtime)
    scene, wishes = context.scene, context.scene.posewright
    prompt, fps = wishes.prompt.strip(), rate(scene)
    try:
        pose = read_rig(context, rig, runtime.maps.of(context, rig).bone_map)
        body = retarget.character_skeleton(pose.points, frames=pose.frames)  # its fingers are shaped on the rig
        frames = key_frames(context, runtime, rig)
        request = GenerateRequest(
            segments=(Segment(prompt, scene.frame_current),),
            fps=fps,
            seconds=key_poses.seconds(scene),
            seed=wishes.seed,
            takes=wishes.takes,
            skeleton=body,
            origin=pose.origin,
            heading=pose.heading,
            correction=correction(scene),
            keys=read_key_poses(context, rig, pose, frames) if frames else (),
        )
    except Refusal:  # which is a ValueError, and says all itself
        raise
    except RequestError as error:
        raise Refusal(f"{error}. {error.action}") from error
    except ValueError as error:
        raise Refusal(f"The rest pose of '{rig.name}' cannot be used: {error}.") from error
    order = Order(rig.session_uid, rig.name, scene.session_uid, pose, scene.frame_current, prompt, options(scene))
    return order, request
