"""Bone names are read the same in every spelling."""

from __future__ import annotations

import numpy as np
import pytest

from backend.motion.mapping import evidence
from backend.motion.rest_rig import RestRig


def read(*names: str) -> list[evidence.Evidence]:
    points = np.zeros((len(names), 3))
    return evidence.read(RestRig(names, (-1,) * len(names), points, points, np.ones(len(names), bool)))


@pytest.mark.parametrize(
    "name",
    [
        "LeftForeArm", "lowerarm_l", "forearm.L", "l_forearm", "Forearm_Left", "lForearmBend", "J_Bip_L_LowerArm",
        "Bip01 L Forearm", "CC_Base_L_Forearm", "DEF-forearm.L.001", "FK-Forearm.L", "mixamorig3:LeftForeArm",
        "Armature|Left_Lower_Arm", "lelbow", "forearm_stretch.l", "a:b:LeftElbow", "FOREARM_L", "arm_lower_L",
    ],
)  # fmt: skip
def test_one_part_in_many_spellings(name):
    (found,) = read(name)
    assert (found.kind, found.side) == ("body", "left") and found.means("elbow")


@pytest.mark.parametrize(
    "name, finger",
    [
        ("RightHandIndex1", ("index", 1)), ("index_01_r", ("index", 1)), ("f_index.01.R", ("index", 1)),
        ("Bip01 R Finger1", ("index", 1)), ("Bip01 R Finger12", ("index", 3)), ("finger2-3.R", ("index", 3)),
        ("J_Bip_R_Little2", ("pinky", 2)), ("RightThumbDistal", ("thumb", 3)), ("index_metacarpal_r", ("index", -1)),
        ("CC_Base_R_Mid1", ("middle", 1)), ("c_index1_base.r", ("index", -1)), ("rthumb", ("thumb", None)),
    ],
)  # fmt: skip
def test_fingers_and_their_numbers(name, finger):
    (found,) = read(name)
    assert found.finger == finger and found.side == "right"


@pytest.mark.parametrize(
    "name, kind",
    [
        ("upperarm_twist_01_l", "twist"), ("LeftForeArmRoll", "twist"), ("ik_foot_l", "aside"),
        ("HeadTop_End", "aside"),
        ("ball_leaf_l", "aside"), ("Bip01 HeadNub", "aside"), ("J_Sec_Hair1_01", "aside"), ("LHipJoint", "aside"),
        ("lhipjoint", "aside"), ("tail.003", "aside"), ("pelvis.L", "unknown"), ("骨", "unknown"), ("", "unknown"),
        ("bone.001", "unknown"), ("earring", "unknown"), ("spine_02", "body"),
    ],
)  # fmt: skip
def test_what_is_no_part_of_the_body(name, kind):
    (found,) = read(name)
    assert found.kind == kind


def test_words_that_most_bones_share_are_no_part_of_the_name():
    found = read("hero_hips_jnt", "hero_head_jnt", "hero_thigh_l_jnt", "hero_thigh_r_jnt")
    assert [max(e.parts) for e in found] == ["pelvis", "head", "hip", "hip"]
    assert [e.side for e in found] == [None, None, "left", "right"]


def test_the_side_of_a_japanese_name():
    assert [e.side for e in read("左腕", "右ひじ", "頭")] == ["left", "right", None]
