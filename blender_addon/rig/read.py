"""Read a rig from Blender: its rest pose, its present place and heading."""

from __future__ import annotations

import bpy
import numpy as np

from ..backend.motion import kinematics
from ..backend.motion import rotations as rot
from ..backend.motion.bone_map import BoneMap
from ..backend.motion.skeleton import canonical
from .bones import Bones, RigPose, Space

_ACROSS = ("left_hip", "right_hip", "left_shoulder", "right_shoulder")
_FEET = ("left_ankle", "right_ankle", "left_foot", "right_foot")


def read_rig(context: bpy.types.Context, rig: bpy.types.Object, bone_map: BoneMap) -> RigPose:
    """The rig as it stands at the playhead. Nothing in the scene changes."""
    context.view_layer.update()
    space = read_space(rig, context.scene)
    bones = _read_bones(rig, bone_map)
    first = {slot: names[0] for slot, names in bone_map.slots.items()}
    rest = {s: space.to_metres(np.array(rig.data.bones[b].head_local, float)) for s, b in first.items()}
    origin, heading = _place(rig, space, first)
    return RigPose(space, bones, bone_map, rest, origin, _floor(rig, space, first), heading, _warnings(rig, bones))


def read_space(rig: bpy.types.Object, scene: bpy.types.Scene) -> Space:
    """The rig's place in the world with its parents, and the scene's unit. The scale must be even (``target``)."""
    m = np.array(rig.matrix_world, float)
    scale = float(np.cbrt(np.linalg.det(m[:3, :3])))
    return Space(rot.from_matrix(m[:3, :3] / scale), scale, m[:3, 3], float(scene.unit_settings.scale_length))


def _read_bones(rig: bpy.types.Object, bone_map: BoneMap) -> Bones:
    mapped = {b for names in bone_map.slots.values() for b in names}
    needed = set(mapped)
    for name in mapped:
        needed.update(b.name for b in rig.data.bones[name].parent_recursive)
    chosen = [b for b in rig.data.bones if b.name in needed]
    chosen.sort(key=lambda b: len(b.parent_recursive))
    names = tuple(b.name for b in chosen)
    posed = [rig.pose.bones[n] for n in names]
    rest = np.array([b.matrix_local for b in chosen], float)
    basis = np.array([p.matrix_basis for p in posed], float)
    lengths = np.maximum(np.linalg.norm(basis[:, :3, :3], axis=1, keepdims=True), 1e-12)
    return Bones(
        names,
        tuple(names.index(b.parent.name) if b.parent else -1 for b in chosen),
        rot.from_matrix(rest[:, :3, :3]),
        rest[:, :3, 3],
        tuple(b.use_inherit_rotation for b in chosen),
        tuple(b.use_local_location for b in chosen),
        tuple(b.use_connect for b in chosen),
        rot.from_matrix(basis[:, :3, :3] / lengths),
        basis[:, :3, 3],
    )


def _place(rig, space: Space, first: dict[str, str]) -> tuple[tuple[float, float], float]:
    """Where the posed pelvis stands (x, z metres) and where hips and shoulders face (radians about +Y)."""
    skeleton = canonical()
    positions = np.zeros((len(skeleton), 3))
    for slot in ("pelvis", *_ACROSS):
        positions[skeleton.index(slot)] = space.to_metres(np.array(rig.pose.bones[first[slot]].head, float))
    x, _, z = positions[skeleton.index("pelvis")]
    return (float(x), float(z)), float(kinematics.facing_yaw(positions, skeleton))


def _floor(rig, space: Space, first: dict[str, str]) -> float:
    """Height of the lowest ankle or toe joint at rest, carried by the bones above the pelvis as they are posed now."""
    feet = np.array([rig.data.bones[first[s]].head_local for s in _FEET if s in first], float)
    above = rig.pose.bones[first["pelvis"]].parent
    if above is not None:
        carry = np.array(above.matrix @ above.bone.matrix_local.inverted(), float)
        feet = feet @ carry[:3, :3].T + carry[:3, 3]
    return float(space.to_metres(feet)[:, 1].min())


def _warnings(rig, bones: Bones) -> tuple[str, ...]:
    found = []
    held = [n for n in bones.names if any(not c.mute and c.influence > 0.0 for c in rig.pose.bones[n].constraints)]
    if held:
        found.append(f"Constraints on {_some(held)} act on top of the motion.")
    if any(not c.mute and c.influence > 0.0 for c in rig.constraints):
        found.append(f"Constraints on '{rig.name}' itself act on top of the motion.")
    if rig.data.pose_position == "REST":
        found.append(f"'{rig.name}' shows its rest position: switch it to Pose Position to see the motion.")
    data = rig.animation_data
    if data is not None and (data.action_blend_type != "REPLACE" or data.action_influence < 1.0):
        found.append("The NLA editor blends the active action: set its influence to 1 and its blending to Replace.")
    if data is not None and any(not track.mute and track.strips for track in data.nla_tracks):
        found.append("NLA tracks that are not muted still play on what the motion does not key.")
    scaled = [n for n in bones.names if max(abs(s - 1.0) for s in rig.pose.bones[n].scale) > 1e-3]
    if scaled:
        found.append(f"{_some(scaled)} scaled in the pose: the motion is made for the rest size.")
    return tuple(found)


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
