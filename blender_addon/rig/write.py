"""Put a solved motion onto a rig: all of it, or nothing."""

from __future__ import annotations

import bpy
import numpy as np

from ..backend.motion.motion import Motion
from . import actions, channels
from .bones import RigPose
from .refusal import Refusal
from .solve import BoneKeys, solve


def apply_motion(
    context: bpy.types.Context, rig: bpy.types.Object, pose: RigPose, motion: Motion, start: int, name: str
) -> bpy.types.Action:
    """A new action with ``motion`` from frame ``start``; the rig's old action goes to a muted stash track.

    ``motion`` has the scene's frame rate (its frames become the scene's, one to one) and stands on the rig's own
    skeleton. Refusal when the rig is no longer the one that was read. Whatever is raised, nothing was changed.
    """
    check_unchanged(rig, pose)
    keys = solve(pose, motion)
    for key in keys:
        if not np.isfinite(key.rotation).all() or (key.location is not None and not np.isfinite(key.location).all()):
            raise Refusal(f"The motion cannot be put on bone '{key.bone}': its rest pose has no usable direction.")
    # an armature that was never evaluated has no pose yet, and giving such a one an action slot crashes Blender
    context.view_layer.update()
    before = actions.Active.of(rig)
    writer = actions.ActionWriter(rig, actions.action_name(name))
    try:
        for key in keys:
            _write_bone(writer, key, rig.pose.bones[key.bone].rotation_mode, start)
        writer.assign(rig)
        actions.stash(rig, before)  # last: nothing after it can fail and leave a track behind
    except Exception:
        writer.discard()
        before.restore(rig)
        raise
    context.view_layer.update()
    return writer.action


def check_unchanged(rig: bpy.types.Object, pose: RigPose) -> None:
    """Refusal when the bones that were read are no longer there or no longer where they were."""
    gone = [n for n in pose.bones.names if n not in rig.pose.bones]
    if gone:
        raise Refusal(f"Bone '{gone[0]}' of '{rig.name}' was renamed or deleted meanwhile. Press Generate again.")
    for name, rest in zip(pose.bones.names, pose.bones.head):
        if np.abs(np.array(rig.data.bones[name].head_local, float) - rest).max() > 1e-5 * max(1.0, np.abs(rest).max()):
            raise Refusal(f"Bone '{name}' of '{rig.name}' was moved at rest meanwhile. Press Generate again.")


def _write_bone(writer: actions.ActionWriter, key: BoneKeys, mode: str, start: int) -> None:
    bone = f'pose.bones["{bpy.utils.escape_identifier(key.bone)}"]'
    if key.location is not None:
        writer.write(key.bone, f"{bone}.location", start, key.location)
    values = channels.rotation_values(key.rotation, mode)
    writer.write(key.bone, f"{bone}.{channels.path_of(mode)}", start, values)
