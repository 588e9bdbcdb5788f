"""The plain character with an IK control, a pole and a switch on its left arm, as an animator sets them up."""

from __future__ import annotations

import math
from dataclasses import replace

import bpy

from tests.blender import character
from tests.blender.body_plan import PLAIN, bone_map
from tests.blender.measure import module

FORE, HAND = "mixamorig:LeftForeArm", "mixamorig:LeftHand"


def make() -> tuple[bpy.types.Object, object]:
    """The rig, and its bone map."""
    rig, _ = character.make()
    bpy.ops.object.mode_set(mode="EDIT")
    for name, place in (("hand_ik", (0.7, 0.0, 1.45)), ("pole", (0.45, 0.5, 1.45))):
        bone = rig.data.edit_bones.new(name)
        bone.head, bone.tail = place, (place[0], place[1], place[2] + 0.1)
    bpy.ops.object.mode_set(mode="OBJECT")
    rig.pose.bones["hand_ik"]["ik_fk"] = 0.0
    ik = rig.pose.bones[FORE].constraints.new("IK")
    ik.target, ik.subtarget, ik.pole_target, ik.pole_subtarget = rig, "hand_ik", rig, "pole"
    ik.chain_count, ik.pole_angle = 2, math.pi
    rig.pose.bones[FORE].rotation_quaternion = (0.96, 0.2, 0.0, 0.2)  # IK does not bend what is straight
    bpy.context.view_layer.update()
    maps = module("backend.motion.bone_map")
    controls = {
        "left_wrist": maps.Controls(fk=(HAND,), ik=("hand_ik",), switches=(maps.Switch("hand_ik", "ik_fk", 1.0, 0.0),)),
        "left_elbow": maps.Controls(fk=(FORE,), pole=("pole",)),
    }
    return rig, replace(bone_map(PLAIN), controls=controls)
