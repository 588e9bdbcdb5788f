"""A small skinned character with Mixamo names, made by code, in whatever way a rig can be bound."""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np
from mathutils import Matrix, Vector

# Joints in metres, Z up, facing -Y, in T-pose: name -> (parent, offset from the parent). The left side and the centre.
_LEFT = {
    "LeftShoulder": ("Spine2", (0.055, 0.01, 0.10)),
    "LeftArm": ("LeftShoulder", (0.12, 0.0, 0.01)),
    "LeftForeArm": ("LeftArm", (0.27, 0.0, 0.0)),
    "LeftHand": ("LeftForeArm", (0.25, 0.0, 0.0)),
    "LeftUpLeg": ("Hips", (0.09, 0.0, -0.05)),
    "LeftLeg": ("LeftUpLeg", (0.0, -0.005, -0.43)),
    "LeftFoot": ("LeftLeg", (0.0, 0.015, -0.41)),
    "LeftToeBase": ("LeftFoot", (0.01, -0.13, -0.08)),
}
_CENTRE = {
    "Hips": (None, (0.0, 0.0, 1.0)),
    "Spine": ("Hips", (0.0, 0.01, 0.10)),
    "Spine1": ("Spine", (0.0, 0.0, 0.12)),
    "Spine2": ("Spine1", (0.0, 0.005, 0.12)),
    "Neck": ("Spine2", (0.0, 0.02, 0.15)),
    "Head": ("Neck", (0.0, -0.02, 0.10)),
}


@dataclass(frozen=True)
class Build:
    """How the character is bound."""

    scale: float = 1.0
    """of the bones; 100 makes a rig in centimetres"""
    arms_down: float = 0.0
    """radians that the arms hang below the T-pose"""
    rolls: int | None = None
    """seed of random bone rolls"""
    along_x: bool = False
    """every bone points along X instead of along its limb"""
    prefix: str = "mixamorig:"
    mode: str = "QUATERNION"
    root_bone: bool = False
    """a bone "Root" above the hips, as game rigs have it"""
    flags: bool = False
    """some bones that do not inherit rotation, hips without local location"""


def make(build: Build = Build(), name: str = "Rig") -> tuple[bpy.types.Object, bpy.types.Object]:
    """(armature, mesh), linked to the scene; the armature is active and selected, in object mode."""
    points, parents = _joints(build)
    rig = bpy.data.objects.new(name, bpy.data.armatures.new(name))
    bpy.context.collection.objects.link(rig)
    select(rig)
    bpy.ops.object.mode_set(mode="EDIT")
    random = np.random.default_rng(build.rolls)
    for joint, point in points.items():
        bone = rig.data.edit_bones.new(build.prefix + joint)
        bone.head = point
        bone.tail = _tail(build, joint, points, parents)
        bone.roll = random.uniform(-3, 3) if build.rolls is not None else 0.0
        if parents[joint] is not None:
            bone.parent = rig.data.edit_bones[build.prefix + parents[joint]]
    if build.root_bone:
        bone = rig.data.edit_bones.new("Root")
        bone.head, bone.tail = (0, 0, 0), (0, 0.3 * build.scale, 0)
        rig.data.edit_bones[build.prefix + "Hips"].parent = bone
    if build.flags:
        rig.data.edit_bones[build.prefix + "Head"].use_inherit_rotation = False
        rig.data.edit_bones[build.prefix + "LeftForeArm"].use_inherit_rotation = False
        rig.data.edit_bones[build.prefix + "Hips"].use_local_location = False
    bpy.ops.object.mode_set(mode="OBJECT")
    for bone in rig.pose.bones:
        bone.rotation_mode = build.mode
    bpy.context.view_layer.update()
    return rig, _skin(rig, build, name)


def select(*objects: bpy.types.Object) -> None:
    """Select these alone; the first is active."""
    for other in bpy.context.view_layer.objects:
        other.select_set(False)
    for chosen in objects:
        chosen.select_set(True)
    bpy.context.view_layer.objects.active = objects[0] if objects else None


def _joints(build: Build) -> tuple[dict[str, Vector], dict[str, str | None]]:
    table = dict(_CENTRE)
    for joint, (parent, offset) in _LEFT.items():
        table[joint] = (parent, offset)
        other = parent.replace("Left", "Right")
        table[joint.replace("Left", "Right")] = (other, (-offset[0], *offset[1:]))
    points, parents = {}, {}
    for joint, (parent, offset) in table.items():
        offset = Vector(offset)
        if any(part in joint for part in ("ForeArm", "Hand")):
            side = 1.0 if "Left" in joint else -1.0
            offset = Matrix.Rotation(side * build.arms_down, 3, "Y") @ offset
        points[joint] = offset * build.scale + (points[parent] if parent else Vector())
        parents[joint] = parent
    return points, parents


def _tail(build: Build, joint: str, points, parents) -> Vector:
    if build.along_x:
        return points[joint] + Vector((0.1 * build.scale, 0, 0))
    children = [points[c] for c, p in parents.items() if p == joint]
    if len(children) == 1:
        return children[0]
    up = Vector((0, 0, 0.1)) if children or joint == "Head" else points[joint] - points[parents[joint]]
    return points[joint] + up.normalized() * 0.1 * build.scale


def _skin(rig: bpy.types.Object, build: Build, name: str) -> bpy.types.Object:
    """One small tetrahedron a bone, bound to it by a vertex group."""
    corners = np.array([(1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)]) * 0.03 * build.scale
    vertices, faces = [], []
    for i, bone in enumerate(rig.data.bones):
        vertices += [tuple(np.array(bone.head_local) + c) for c in corners]
        faces += [tuple(4 * i + k for k in f) for f in ((0, 1, 2), (0, 2, 3), (0, 3, 1), (1, 3, 2))]
    mesh = bpy.data.meshes.new(name + " Body")
    mesh.from_pydata(vertices, [], faces)
    body = bpy.data.objects.new(name + " Body", mesh)
    bpy.context.collection.objects.link(body)
    for i, bone in enumerate(rig.data.bones):
        body.vertex_groups.new(name=bone.name).add(range(4 * i, 4 * i + 4), 1.0, "REPLACE")
    body.parent = rig
    body.modifiers.new("Armature", "ARMATURE").object = rig
    return body
