"""A small skinned character with Mixamo names, made by code, in whatever way a rig can be bound."""

from __future__ import annotations

import bpy
import numpy as np
from mathutils import Vector

from tests.blender.body_plan import PLAIN, Build, hangs, joints, lowered


def make(build: Build = PLAIN, name: str = "Rig") -> tuple[bpy.types.Object, bpy.types.Object]:
    """(armature, mesh), linked to the scene; the armature is active and selected, in object mode."""
    points, parents = joints(build)
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


def _tail(build: Build, joint: str, points, parents) -> Vector:
    if build.along_x:
        return points[joint] + Vector((0.1 * build.scale, 0, 0))
    if "Twist" in joint:
        return points[joint] + (points[joint] - points[parents[joint]]).normalized() * 0.05 * build.scale
    children = [points[c] for c, p in parents.items() if p == joint and "Twist" not in c]
    if len(children) == 1:
        return children[0]
    up = Vector((0, 0, 0.1)) if children or joint == "Head" else points[joint] - points[parents[joint]]
    return points[joint] + up.normalized() * 0.1 * build.scale


def _skin(rig: bpy.types.Object, build: Build, name: str) -> bpy.types.Object:
    """One small tetrahedron a bone, bound to it by a vertex group; lowered arms have lowered ones."""
    corners = np.array([(1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)]) * 0.03 * build.scale
    vertices, faces = [], []
    for i, bone in enumerate(rig.data.bones):
        turn = np.array(lowered(build, bone.name)) if hangs(bone.name) else np.eye(3)
        vertices += [tuple(np.array(bone.head_local) + turn @ c) for c in corners]
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
