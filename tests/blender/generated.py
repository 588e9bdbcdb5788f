"""Rigs that Blender's Rigify generates, a motion whose limbs bend as limbs do, and where the deforming bones point."""

from __future__ import annotations

import addon_utils
import bpy
import numpy as np

from tests.blender.driving import Driven, played
from tests.blender.measure import module, posed

SIDES = (("left_", ".L"), ("right_", ".R"))
_LIMBS = (
    ("collar", "shoulder", "shoulder", "upper_arm"),
    ("shoulder", "elbow", "upper_arm", "forearm"),
    ("elbow", "wrist", "forearm", "hand"),
    ("hip", "knee", "thigh", "shin"),
    ("knee", "ankle", "shin", "foot"),
    ("ankle", "foot", "foot", "toe"),
)
_TORSO = (
    ("pelvis", "spine1", "spine", "spine.001"),
    ("spine1", "spine2", "spine.001", "spine.002"),
    ("spine2", "spine3", "spine.002", "spine.003"),
    ("spine3", "neck", "spine.003", "spine.004"),
    ("neck", "head", "spine.004", "spine.006"),
)
SEGMENTS = _TORSO + tuple(
    (side + a, side + b, bone + end, following + end) for side, end in SIDES for a, b, bone, following in _LIMBS
)
"""slot, the next one, and the deforming bones (without DEF-) whose heads are theirs"""


def generate(path: str, kind: str) -> None:
    """Save a file with the rig of Rigify's "basic_human" or "human" in a collection "Character".

    Of the human's face and fingers only the left thumb, index and middle are generated: the others would take half a
    minute to show the same.
    """
    addon_utils.enable("rigify", default_set=True)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    getattr(bpy.ops.object, f"armature_{kind}_metarig_add")()
    metarig = bpy.context.object
    bpy.ops.object.mode_set(mode="EDIT")
    bones = metarig.data.edit_bones
    for name in ("face", "palm.03.L", "palm.04.L", *(f"palm.0{k}.R" for k in (1, 2, 3, 4))):
        if name in bones:
            for bone in [*bones[name].children_recursive, bones[name]]:
                bones.remove(bone)
    bpy.ops.object.mode_set(mode="OBJECT")
    bpy.ops.pose.rigify_generate()
    rig = next(o for o in bpy.data.objects if o.type == "ARMATURE" and o is not metarig)
    bpy.data.objects.remove(metarig)
    collection = bpy.data.collections.new("Character")
    for other in rig.users_collection:
        other.objects.unlink(rig)
    collection.objects.link(rig)
    bpy.context.scene.collection.children.link(collection)
    bpy.ops.wm.save_as_mainfile(filepath=path)


def open_rig(path: str) -> bpy.types.Object:
    """The rig of a saved file, opened in place of the scene."""
    bpy.ops.wm.open_mainfile(filepath=path)
    bpy.context.scene.render.fps = 30
    return next(o for o in bpy.data.objects if o.type == "ARMATURE")


def map_of(rig: bpy.types.Object):
    return module("backend.motion.mapping.rigify").rigify(module("rig.reading.rest").rest_rig(rig))


def switch(rig: bpy.types.Object, **values: float) -> None:
    """Set properties of the torso and of all four limbs, wherever they are."""
    bones = ["torso"] + [f"{limb}_parent{end}" for limb in ("upper_arm", "thigh") for _, end in SIDES]
    for bone in (rig.pose.bones[b] for b in bones):
        for name, value in values.items():
            if name in bone:
                bone[name] = type(bone[name])(value)
    rig.update_tag()
    bpy.context.view_layer.update()


def bending(skeleton, frames: int = 60, straight: bool = False):
    """A Motion that walks and waves: limbs swing, knees and elbows bend as hinges and come near their straight pose.
    With ``straight`` they go through it, up to three degrees to the wrong side."""
    rot = module("backend.motion.rotations")
    seconds = np.arange(frames) / 30.0
    random = np.random.default_rng(4)
    rotations = rot.exp(0.25 * np.sin(3.0 * seconds[:, None, None] + random.uniform(0, 6, (len(skeleton), 3))))
    least = -0.05 if straight else 0.15
    for k, side in enumerate(("left_", "right_")):
        bend = least + 0.5 * (1.0 - np.cos(4.0 * seconds + k))
        inward = np.array([0.0, -1.0 if side == "left_" else 1.0, 0.0])
        rotations[:, skeleton.index(side + "knee")] = rot.exp(bend[:, None] * np.array([1.0, 0.0, 0.0]))
        rotations[:, skeleton.index(side + "elbow")] = rot.exp(bend[:, None] * inward)
    rotations[:, 0] = rot.multiply(rot.about_y(0.8 * seconds), rotations[:, 0])
    way = np.stack([0.03 * np.sin(6.0 * seconds), np.full(frames, 0.95 * skeleton.hip_height), seconds], axis=1)
    return module("backend.motion.motion").Motion(skeleton, way, rotations, 30)


def misled(driven: Driven, segments=SEGMENTS) -> dict[str, float]:
    """Slot -> largest angle in degrees, over all frames, between a deforming bone and the motion's segment."""
    slots, following, bones, ends = zip(*segments)
    shown = played(driven, lambda: [[posed(driven.rig, f"DEF-{b}") for b in row] for row in (bones, ends)])
    positions, index = module("backend.motion.kinematics").joint_positions(driven.motion), driven.motion.skeleton.index
    wanted = positions[:, [index(s) for s in following]] - positions[:, [index(s) for s in slots]]
    got = shown[:, 1] - shown[:, 0]
    across, along = np.linalg.norm(np.cross(got, wanted), axis=-1), np.einsum("tsi,tsi->ts", got, wanted)
    return dict(zip(slots, np.rad2deg(np.arctan2(across, along)).max(axis=0).tolist()))
