"""One mesh bound to its skeleton in other ways, driven by the same motion: how far joints and vertices lie apart."""

from __future__ import annotations

import math
from dataclasses import dataclass

import bpy
import numpy as np
from mathutils import Matrix

from tests.blender import character

from . import driving
from .clips import Clip
from .collection import Rig, fresh, skins

STEP = 5
"""every so many frames the vertices are compared"""
_ARMS = {"upperarm_l": 1.0, "upperarm_r": -1.0}


@dataclass(frozen=True)
class Rebound:
    """Largest distances in mm from the rig as it came: of ``joints``; of ``vertices`` that follow one bone each; of
    vertices with the mesh's own ``blended`` weights, which move by centimetres when a mesh is bound in another pose,
    whatever drives the bones."""

    what: str
    joints: float
    vertices: float
    blended: float


WAYS = {
    "bound in an A-pose (arms 45 degrees down)": lambda armature: _in_a_pose(armature),
    "random bone rolls": lambda armature: _rolled(armature),
    "all bones along X": lambda armature: _along_x(armature),
    "all three": lambda armature: [change(armature) for change in (_in_a_pose, _along_x, _rolled)],
}


def rebindings(rig: Rig, clip: Clip) -> list[Rebound]:
    """``rig`` has Unreal's names and one mesh."""
    joints, vertices, blended = _driven(rig, clip, lambda armature: None)
    found = []
    for what, change in WAYS.items():
        pairs = zip((joints, vertices, blended), _driven(rig, clip, change))
        found.append(Rebound(what, *(1000 * float(np.linalg.norm(a - b, axis=-1).max()) for a, b in pairs)))
    return found


def _driven(rig: Rig, clip: Clip, change) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Joints (T, S, 3) in metres and vertices (T', V, 3) in Blender units, with one bone each and with the mesh's own
    weights, of the changed rig."""
    vertices = []
    for prepare in (_rigid, lambda skin: None):
        fresh()
        armature = rig.build()
        (skin,) = skins(armature)
        prepare(skin)
        change(armature)
        pose, _ = driving.read(armature)
        drive = driving.drive(armature, pose, clip)
        frames = driving.frames_of(drive.motion)[::STEP]
        vertices.append(np.stack([_vertices(skin, frame) for frame in frames]))
    return np.stack([drive.heads(slot) for slot in drive.slots()], axis=1), *vertices


def _vertices(skin: bpy.types.Object, frame: int) -> np.ndarray:
    bpy.context.scene.frame_set(frame)
    shown = skin.evaluated_get(bpy.context.evaluated_depsgraph_get())
    flat = np.empty(3 * len(shown.data.vertices), np.float32)
    shown.data.vertices.foreach_get("co", flat)
    where = np.array(shown.matrix_world, float)
    return flat.reshape(-1, 3) @ where[:3, :3].T + where[:3, 3]


def _rigid(skin: bpy.types.Object) -> None:
    """Give every vertex to the bone that holds most of it."""
    most = [max(v.groups, key=lambda g: g.weight).group for v in skin.data.vertices]
    for group in skin.vertex_groups:
        group.remove(range(len(most)))
    for index in set(most):
        skin.vertex_groups[index].add([v for v, g in enumerate(most) if g == index], 1.0, "REPLACE")


def _in_a_pose(armature: bpy.types.Object) -> None:
    for name, side in _ARMS.items():
        bone = armature.pose.bones[name]
        head = Matrix.Translation(bone.head)
        bone.matrix = head @ Matrix.Rotation(side * math.radians(45), 4, "Y") @ head.inverted() @ bone.matrix
    bpy.context.view_layer.update()
    (skin,) = skins(armature)
    character.select(skin)
    bpy.ops.object.modifier_apply(modifier=skin.modifiers[0].name)
    character.select(armature)
    bpy.ops.object.mode_set(mode="POSE")
    bpy.ops.pose.armature_apply()
    bpy.ops.object.mode_set(mode="OBJECT")
    skin.modifiers.new("Armature", "ARMATURE").object = armature


def _rolled(armature: bpy.types.Object) -> None:
    random = np.random.default_rng(0)
    for bone in _edited(armature):
        bone.roll = random.uniform(-3, 3)


def _along_x(armature: bpy.types.Object) -> None:
    for bone in _edited(armature):
        bone.use_connect = False
        bone.tail = bone.head + Matrix.Scale(bone.length, 3).col[0]


def _edited(armature: bpy.types.Object):
    """The bones in edit mode, parents first; the mode is left behind the last one."""
    character.select(armature)
    bpy.ops.object.mode_set(mode="EDIT")
    yield from armature.data.edit_bones
    bpy.ops.object.mode_set(mode="OBJECT")
    bpy.context.view_layer.update()
