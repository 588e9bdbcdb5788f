"""Poles of limbs whose inverse kinematics somebody set up by hand: wherever they stand, the elbow goes where it should.

Such a pole need not stand in the plane in which the limb is bent at rest; the constraint's angle makes up for it.
"""

from __future__ import annotations

from dataclasses import replace

import bpy
import numpy as np
import pytest
from mathutils import Vector

from tests.blender import body_plan, character
from tests.blender.control_rig import ARM, FOREARM, HAND, constrain, pole_angle
from tests.blender.driving import distances, drive, swinging
from tests.blender.measure import module, posed

POLES = {
    "where the elbow points": (0.0, 0.3, -0.15),
    "straight behind": (0.0, 0.4, 0.0),
    "below": (0.1, 0.0, -0.5),
    "in front": (-0.1, -0.5, 0.1),
}
"""away from the elbow, which is bent by 4 cm behind and 2 below the straight arm"""


def make(away) -> bpy.types.Object:
    """The plain character whose left arm is bent by inverse kinematics, and rests as without it."""
    rig, _ = character.make()
    bpy.ops.object.mode_set(mode="EDIT")
    bones = rig.data.edit_bones
    bones[FOREARM].head += Vector((0.0, 0.04, -0.02))
    bones[ARM].tail = bones[FOREARM].head
    hand, pole = bones.new("ik_hand"), bones.new("ik_pole")
    hand.head, hand.tail, hand.roll = bones[HAND].head, bones[HAND].tail, bones[HAND].roll
    pole.head = bones[FOREARM].head + Vector(away)
    pole.tail = pole.head + Vector((0.0, 0.0, 0.1))
    bpy.ops.object.mode_set(mode="OBJECT")
    bend = constrain(rig, FOREARM, "IK", "ik_hand")
    bend.chain_count, bend.pole_target, bend.pole_subtarget = 2, rig, "ik_pole"
    bend.pole_angle = pole_angle(rig, "ik_pole")
    constrain(rig, HAND, "COPY_ROTATION", "ik_hand")
    bpy.context.view_layer.update()
    x, y, z = rig.data.bones[FOREARM].head_local
    assert posed(rig, FOREARM) == pytest.approx((x, z, -y), abs=1e-4)
    return rig


def controls():
    maps, plain = module("backend.motion.bone_map"), body_plan.bone_map(body_plan.PLAIN)
    ends = {"left_elbow": maps.Controls(pole=("ik_pole",)), "left_wrist": maps.Controls(ik=("ik_hand",))}
    return maps.BoneMap("by hand", plain.slots, ends)


def bending(skeleton):
    """Everything swings; the left elbow bends, not always about the same axis."""
    motion = swinging(skeleton)
    seconds = np.arange(len(motion)) / 30.0
    bend = np.stack([0.1 * np.sin(5.0 * seconds), -0.9 - 0.5 * np.sin(4.0 * seconds), 0.3 * np.cos(3.0 * seconds)], -1)
    rotations = motion.rotations.copy()
    rotations[:, skeleton.index("left_elbow")] = module("backend.motion.rotations").exp(bend)
    return replace(motion, rotations=rotations)


@pytest.mark.parametrize("where", POLES)
def test_the_elbow_goes_where_the_motion_has_it(scene, where):
    rig = make(POLES[where])
    pose = module("rig.reading.read").read_rig(bpy.context, rig, controls())
    apart = distances(drive(rig, motion=bending(pose.skeleton), bone_map=controls()))
    assert apart["left_wrist"] < 1e-3 and apart["left_elbow"] < 1e-3


def test_a_pole_stays_with_an_arm_that_becomes_straight(scene):
    """It does not jump where nothing shows a plane, wherever it stands at rest."""
    rig = make(POLES["below"])
    pose = module("rig.reading.read").read_rig(bpy.context, rig, controls())
    motion = swinging(pose.skeleton)
    rotations, bend = motion.rotations.copy(), 0.8 * np.cos(np.arange(len(motion)) / 9.0)
    rotations[:, pose.skeleton.index("left_elbow")] = module("backend.motion.rotations").exp(bend[:, None] * [0, -1, 0])
    driven = drive(rig, motion=replace(motion, rotations=rotations), bone_map=controls())
    way = []
    for frame in range(1, 61):
        scene.frame_set(frame)
        way.append(posed(rig, "ik_pole"))
    assert np.linalg.norm(np.diff(way, axis=0), axis=-1).max() < 0.15
    assert distances(driven)["left_wrist"] < 5e-3
