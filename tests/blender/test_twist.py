"""Twist shared by several bones of a limb, and by bones beside it."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from tests.blender import body_plan, character
from tests.blender.body_plan import Build
from tests.blender.driving import angles, at, distances, drive, turned
from tests.blender.measure import module

SPLIT = Build(split=True, rolls=5, arms_down=0.6)
BESIDE = Build(twist_bones=2, rolls=6)


def turning(rig, build, joint: str, axis, turn: np.ndarray):
    """A Motion in which one joint alone turns by ``turn`` (T,) radians about ``axis``."""
    rot = module("backend.motion.rotations")
    skeleton = module("rig.reading.read").read_rig(bpy.context, rig, body_plan.bone_map(build)).skeleton
    rotations = np.tile(rot.IDENTITY, (len(turn), len(skeleton), 1))
    rotations[:, skeleton.index(joint)] = rot.from_axis_angle(np.array(axis, float), turn)
    root = np.tile([0.0, skeleton.hip_height, 0.0], (len(turn), 1))
    return module("backend.motion.motion").Motion(skeleton, root, rotations, 30)


def own_turn(driven, bone: str, frame: int, against: str) -> float:
    """Degrees that a bone turns against another one."""
    rot = module("backend.motion.rotations")
    return float(np.rad2deg(rot.angle_between(turned(driven, bone, frame), turned(driven, against, frame))))


@pytest.mark.parametrize("build", [SPLIT, BESIDE, Build(split=True, twist_bones=1)])
def test_joints_and_ends_are_those_of_the_motion(scene, build):
    rig, _ = character.make(build)
    driven = drive(rig, build)
    assert max(distances(driven).values()) < 2e-4
    assert max(angles(driven).values()) < 0.1


def test_twist_bones_with_constraints_are_the_rigs_own_affair(scene):
    rig, _ = character.make(BESIDE)
    bone = "mixamorig:LeftForeArmTwist1"
    copy = rig.pose.bones[bone].constraints.new("COPY_ROTATION")
    copy.target, copy.subtarget = rig, "mixamorig:LeftHand"
    drive(rig, BESIDE)
    keyed = {c.group.name for c in module("rig.writing.actions").curves_of(rig)}
    assert bone not in keyed and "mixamorig:LeftForeArmTwist2" in keyed


def test_a_split_limb_does_not_bend_in_its_middle(scene):
    rig, _ = character.make(SPLIT)
    driven = drive(rig, SPLIT)
    for joint, below in (("LeftArm", "LeftForeArm"), ("LeftLeg", "LeftFoot"), ("RightForeArm", "RightHand")):
        for t in (10, 30, 50):
            a, b, c = (at(driven, "mixamorig:" + n, t) for n in (joint, joint + "Half", below))
            assert np.linalg.norm(np.cross(b - a, c - b)) < 1e-5


def test_a_turned_hand_is_shared_along_the_forearm(scene):
    rig, _ = character.make(BESIDE)
    motion = turning(rig, BESIDE, "left_wrist", (1, 0, 0), np.deg2rad([0.0, 45.0, 90.0]))
    driven = drive(rig, BESIDE, motion)
    for bone, share in (("ForeArm", 0.0), ("ForeArmTwist1", 1 / 3), ("ForeArmTwist2", 2 / 3), ("Hand", 1.0)):
        got = own_turn(driven, f"mixamorig:Left{bone}", 2, "mixamorig:LeftArm")
        assert got == pytest.approx(90.0 * share, abs=0.2), bone


def test_an_upper_arm_turns_back_towards_the_shoulder(scene):
    rig, _ = character.make(BESIDE)
    motion = turning(rig, BESIDE, "left_shoulder", (1, 0, 0), np.deg2rad([0.0, 60.0]))
    driven = drive(rig, BESIDE, motion)
    for bone, share in (("ArmTwist1", 1 / 3), ("ArmTwist2", 2 / 3), ("Arm", 1.0)):
        got = own_turn(driven, f"mixamorig:Left{bone}", 1, "mixamorig:LeftShoulder")
        assert got == pytest.approx(60.0 * share, abs=0.2), bone


@pytest.mark.parametrize("build", [SPLIT, BESIDE])
def test_twist_past_half_a_turn_goes_on(scene, build):
    """No bone turns more about its own axis between frames than the source's step and 5 degrees."""
    step = 8.0
    rig, _ = character.make(build)
    motion = turning(rig, build, "left_wrist", (1, 0, 0), np.deg2rad(np.arange(0.0, 300.0, step)))
    driven = drive(rig, build, motion)
    rot = module("backend.motion.rotations")
    for bone in (b.name for b in rig.data.bones if "LeftForeArm" in b.name):
        turns = np.array([turned(driven, bone, t) for t in range(len(motion))])
        steps = np.rad2deg(rot.angle_between(turns[1:], turns[:-1]))
        assert steps.max() < step + 5.0, bone


def test_long_spines_share_the_bend(scene):
    build = Build(spine_bones=6, neck_bones=3, rolls=8)
    rig, _ = character.make(build)
    driven = drive(rig, build)
    found = angles(driven)
    ends = {s: a for s, a in found.items() if not s.startswith("spine") and s != "neck"}
    assert max(ends.values()) < 0.1 and found["spine3"] < 0.1
    assert max(found.values()) < 3.0


def test_one_spine_bone_and_no_toes(scene):
    build = Build(spine_bones=1)
    rig, _ = character.make(build)
    driven = drive(rig, build)
    assert max(angles(driven).values()) < 0.1
