"""Bone maps of known naming schemes: presets under any prefix, and what fits none is told."""

import pytest

from backend.motion import bone_presets
from backend.motion.anatomy import REQUIRED
from backend.motion.bone_map import NoMapFits
from backend.motion.skeleton import SMPLX52_NAMES

MIXAMO = [
    "Hips", "Spine", "Spine1", "Spine2", "Neck", "Head", "HeadTop_End", "LeftShoulder", "LeftArm", "LeftForeArm",
    "LeftHand", "LeftHandIndex1", "RightShoulder", "RightArm", "RightForeArm", "RightHand", "LeftUpLeg", "LeftLeg",
    "LeftFoot", "LeftToeBase", "LeftToe_End", "RightUpLeg", "RightLeg", "RightFoot", "RightToeBase",
]  # fmt: skip


def test_presets_are_sound():
    found = bone_presets.presets()
    assert {"Mixamo", "SMPL", "SMPL-X"} <= {p.name for p in found}
    for preset in found:
        assert {"pelvis", *REQUIRED} <= set(preset.slots), preset.name
        bones = [b for names in preset.slots.values() for b in names]
        assert len(bones) == len(set(bones)), f"{preset.name} uses a bone in two slots"
        assert set(preset.slots) <= set(SMPLX52_NAMES)


@pytest.mark.parametrize("prefix", ["", "mixamorig:", "mixamorig1:", "Armature:mixamorig:"])
def test_mixamo_under_any_prefix(prefix):
    found = bone_presets.match([prefix + b for b in MIXAMO])
    assert found.name == "Mixamo"
    assert found.slots["left_hip"] == (prefix + "LeftUpLeg",)
    assert found.slots["left_index1"] == (prefix + "LeftHandIndex1",)
    assert "left_pinky1" not in found.slots


@pytest.mark.parametrize("lost, top", [(("Spine2",), "Spine1"), (("Spine2", "Spine1"), "Spine")])
def test_the_arms_hang_on_the_topmost_bone_of_a_shorter_spine(lost, top):
    found = bone_presets.match([b for b in MIXAMO if b not in lost])
    assert found.name == "Mixamo" and found.slots["spine3"] == (top,)
    assert sum(top in bones for bones in found.slots.values()) == 1


def test_the_canonical_names_map_onto_themselves():
    found = bone_presets.match(SMPLX52_NAMES)
    assert found.slots == {n: (n,) for n in SMPLX52_NAMES}


def test_optional_slots_may_be_absent():
    bones = [b for b in MIXAMO if "Toe" not in b and b not in ("Neck", "Spine2", "LeftShoulder", "RightShoulder")]
    found = bone_presets.match(bones)
    assert "neck" not in found.slots and "left_foot" not in found.slots


def test_no_map_fits_names_what_is_missing():
    with pytest.raises(NoMapFits) as caught:
        bone_presets.match(["mixamorig:" + b for b in MIXAMO if b not in ("LeftUpLeg", "RightHand")])
    assert caught.value.nearest == "Mixamo"
    assert caught.value.missing == ["left_hip", "right_wrist"]
    assert "left hip, right wrist" in str(caught.value)


@pytest.mark.parametrize("bones", [[], ["Bone", "Bone.001"], ["Head", "Hand.L", "Tail"]])
def test_bones_of_no_scheme_are_not_told_of_a_nearest_one(bones):
    with pytest.raises(NoMapFits, match="no bone map fits this armature") as caught:
        bone_presets.match(bones)
    said = str(caught.value)
    assert "known names" in said and "Nearest" not in said and caught.value.nearest is None
    assert "schemes: Mixamo, SMPL-X, SMPL, Unreal" in said


def test_every_preset_has_its_place_in_the_order():
    assert sorted(bone_presets.ORDER) == sorted(p.stem for p in bone_presets.PRESETS.glob("*.json"))
    assert [p.name for p in bone_presets.presets()][:4] == ["Mixamo", "SMPL-X", "SMPL", "Unreal"]
