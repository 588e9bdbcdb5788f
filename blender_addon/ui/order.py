"""From the panel's fields and the selected rig to a request, or to the reason why not."""

from __future__ import annotations

import bpy

from ..backend.motion import retarget
from ..backend.motion.motion import as_rate
from ..backend.protocol import GenerateRequest, RequestError, Segment
from ..rig import target
from ..rig.read import read_rig
from ..rig.refusal import Refusal
from . import preferences
from .runtime import Order, Runtime


def check(context: bpy.types.Context, runtime: Runtime) -> bpy.types.Object:
    """The rig that Generate would animate; Refusal says what is missing. Cheap: the panel asks at every redraw."""
    rig = target.selected_rig(context)
    runtime.maps.of(rig)
    if not context.scene.posewright.prompt.strip():
        raise Refusal('The prompt is empty. Type what the character should do, e.g. "a person walks forward".')
    preferences.backend_python(context)
    return rig


def make(context: bpy.types.Context, runtime: Runtime) -> tuple[Order, GenerateRequest]:
    """Read the rig at the playhead and word the request; Refusal says what is missing."""
    rig = check(context, runtime)
    scene, wishes = context.scene, context.scene.posewright
    try:
        pose = read_rig(context, rig, runtime.maps.of(rig))
        skeleton = retarget.character_skeleton(pose.points)
        request = GenerateRequest(
            segments=(Segment(wishes.prompt, scene.frame_current),),
            fps=as_rate((scene.render.fps, scene.render.fps_base)),
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
    order = Order(rig.session_uid, rig.name, scene.session_uid, pose, scene.frame_current, wishes.prompt.strip())
    return order, request
