"""Read a rig from Blender: its rest pose, its present place and heading."""

from __future__ import annotations

from dataclasses import replace

import bpy
import numpy as np

from ...backend.motion import anatomy
from ...backend.motion import rotations as rot
from ...backend.motion.bone_map import BoneMap
from ..bones import RigPose, Space
from ..listing import some
from ..options import WriteOptions
from ..refusal import Refusal
from ..solving.control_plan import plan
from . import bone_properties
from .in_between import posed_in_between
from .read_bones import read_bones
from .rest_pose import reference_heads


def read_rig(context: bpy.types.Context, rig: bpy.types.Object, bone_map: BoneMap) -> RigPose:
    """The rig as it stands at the playhead. Nothing in the scene changes.

    Refusal when the map's calibration is of other bones, or when mapped joints lie in one place.
    """
    context.view_layer.update()
    space = read_space(rig, context.scene)
    heads = reference_heads(rig, bone_map)
    points = {slot: space.to_metres(head) for slot, head in heads.items()}
    posed = rig.evaluated_get(context.evaluated_depsgraph_get())
    first = {slot: names[0] for slot, names in bone_map.slots.items()}
    pelvis, left, right = (
        space.to_metres(np.array(posed.pose.bones[first[slot]].head, float))
        for slot in ("pelvis", "left_hip", "right_hip")
    )
    pose = RigPose(
        space=space,
        bones=read_bones(rig, posed, bone_map),
        bone_map=bone_map,
        points=points,
        frames=_frames(rig, bone_map, points),
        switches=_switches(rig, bone_map),
        origin=(float(pelvis[0]), float(pelvis[2])),
        floor=0.0,
        heading=_heading(left - right, points),
    )
    keyed = plan(pose, WriteOptions()).keyed
    warnings = _warnings(rig, posed, keyed) + _in_between(posed, bone_map, keyed)
    return replace(pose, floor=_floor(posed, pose), warnings=warnings)


def read_space(rig: bpy.types.Object, scene: bpy.types.Scene) -> Space:
    """The rig's place in the world with its parents, and the scene's unit. The scale must be even (``target``)."""
    m = np.array(rig.matrix_world, float)
    scale = float(np.cbrt(np.linalg.det(m[:3, :3])))
    return Space(rot.from_matrix(m[:3, :3] / scale), scale, m[:3, 3], float(scene.unit_settings.scale_length))


def _frames(rig, bone_map: BoneMap, points) -> dict[str, np.ndarray]:
    if bone_map.calibration is not None and bone_map.calibration.t_pose:
        return anatomy.t_pose_frames(points)
    try:
        return anatomy.rest_frames(points)
    except ValueError as error:
        raise Refusal(f"'{rig.name}': {error}. Look at the bone map, or calibrate it.") from error


def _switches(rig, bone_map: BoneMap) -> dict[tuple[str, str], float]:
    """Values now of the properties that the map names; Refusal for one that the rig does not have."""
    found = {}
    for controls in bone_map.controls.values():
        for s in controls.switches:
            value = bone_properties.get(rig.pose.bones[s.bone], s.property)
            if value is None:
                raise Refusal(
                    f"Bone '{s.bone}' of '{rig.name}' has no number called '{s.property}', which its bone map takes "
                    "for a switch. Correct the switch in the bone map, or remove it there."
                )
            found[s.bone, s.property] = float(value)
    return found


def _heading(across: np.ndarray, points) -> float:
    """Radians about +Y that posed hips face, ``across`` (3,) from the right to the left one. One posed shoulder turns
    nobody. The heading of motions is that of hips and shoulders: where these stand askew at rest, that is made up for.
    """
    hips = points["left_hip"] - points["right_hip"]
    both = hips + points["left_shoulder"] - points["right_shoulder"]
    return _yaw(across) + _yaw(both) - _yaw(hips)


def _yaw(across: np.ndarray) -> float:
    return float(np.arctan2(-across[2], across[0]))


def _floor(posed, pose: RigPose) -> float:
    """Height of what the rest pose stands on, carried by the bones above what moves the body as they are posed now."""
    soles, bone_map = pose.space.from_metres(pose.soles), pose.bone_map
    above = posed.pose.bones[bone_map.body or bone_map.slots["pelvis"][0]].parent
    if above is not None:
        carry = np.array(above.matrix @ above.bone.matrix_local.inverted(), float)
        soles = soles @ carry[:3, :3].T + carry[:3, 3]
    return float(pose.space.to_metres(soles)[:, 1].min())


def _warnings(rig, posed, keyed: set[str]) -> tuple[str, ...]:
    found = []
    names = [b.name for b in rig.data.bones if b.name in keyed]
    held = [n for n in names if any(not c.mute and c.influence > 0.0 for c in posed.pose.bones[n].constraints)]
    if held:
        found.append(f"Constraints on {some(held)} act on top of the motion.")
    if any(not c.mute and c.influence > 0.0 for c in rig.constraints):
        found.append(f"Constraints on '{rig.name}' itself act on top of the motion.")
    if rig.data.pose_position == "REST":
        found.append(f"'{rig.name}' shows its rest position: switch it to Pose Position to see the motion.")
    data = rig.animation_data
    if data is not None and (data.action_blend_type != "REPLACE" or data.action_influence < 1.0):
        found.append("The NLA editor blends the active action: set its influence to 1 and its blending to Replace.")
    if data is not None and any(not track.mute and track.strips for track in data.nla_tracks):
        found.append("NLA tracks that are not muted still play on what the motion does not key.")
    scaled = [n for n in names if max(abs(s - 1.0) for s in rig.pose.bones[n].scale) > 1e-3]
    if scaled:
        found.append(f"{some(scaled)} scaled in the pose: the motion is made for the rest size.")
    return tuple(found)


def _in_between(posed, bone_map: BoneMap, keyed: set[str]) -> tuple[str, ...]:
    found = posed_in_between(posed, bone_map, keyed)
    act = f"Posed: {some(found)}. They act on top of the motion: clear them with Alt+G, Alt+R and Alt+S."
    return (act,) if found else ()
