"""From the panel's fields and the selected rig to a request, or to the reason why not."""

from __future__ import annotations

from fractions import Fraction

import bpy

from ..backend.motion import retarget
from ..backend.motion.motion import as_rate
from ..backend.protocol import LIMITS, GenerateRequest, RequestError, Segment
from ..rig import target
from ..rig.read import read_rig
from ..rig.refusal import Refusal
from . import preferences
from .runtime import Order, Runtime


def check(context: bpy.types.Context, runtime: Runtime) -> bpy.types.Object:
    """The rig that Generate would animate; Refusal says what is missing. Cheap: the panel asks at every redraw."""
    rig = target.selected_rig(context)
    runtime.maps.of(rig)
    prompt = context.scene.posewright.prompt.strip()
    if not prompt:
        raise Refusal('The prompt is empty. Type what the character should do, e.g. "a person walks forward".')
    if len(prompt) > LIMITS.text:
        raise Refusal(f"The prompt has {len(prompt)} characters, at most {LIMITS.text} are accepted. Shorten it.")
    preferences.backend_python(context)
    return rig


def rate(scene: bpy.types.Scene) -> Fraction:
    """The scene's frames a second; Refusal for one that no motion can have."""
    try:
        return as_rate((scene.render.fps, scene.render.fps_base))
    except (ValueError, ZeroDivisionError) as error:
        raise Refusal(f"The scene's frame rate cannot be used: {error}. Change it in Output > Format.") from error


def make(context: bpy.types.Context, runtime: Runtime) -> tuple[Order, GenerateRequest]:
    """Read the rig at the playhead and word the request; Refusal says what is missing."""
    rig = check(context, runtime)
    scene, wishes = context.scene, context.scene.posewright
    prompt, fps = wishes.prompt.strip(), rate(scene)
    try:
        pose = read_rig(context, rig, runtime.maps.of(rig))
        skeleton = retarget.character_skeleton(pose.points)
        request = GenerateRequest(
            segments=(Segment(prompt, scene.frame_current),),
            fps=fps,
            seconds=round(wishes.seconds, 3) or None,
            seed=wishes.seed,
            takes=wishes.takes,
            skeleton=skeleton,
            origin=pose.origin,
            heading=pose.heading,
        )
    except RequestError as error:
        raise Refusal(f"{error}. {error.action}") from error
    except ValueError as error:
        raise Refusal(f"The rest pose of '{rig.name}' cannot be used: {error}.") from error
    order = Order(rig.session_uid, rig.name, scene.session_uid, pose, scene.frame_current, prompt)
    return order, request
