"""Bone maps: presets, prefixes, the JSON form, and what an armature that fits none is told."""

import json

import pytest

from backend.motion import bone_map
from backend.motion.anatomy import REQUIRED
from backend.motion.bone_map import BoneMap, NoMapFits
from backend.motion.skeleton import SMPLX52_NAMES

MIXAMO = [
    "Hips", "Spine", "Spine1", "Spine2", "Neck", "Head", "HeadTop_End", "LeftShoulder", "LeftArm", "LeftForeArm",
    "LeftHand", "LeftHandIndex1", "RightShoulder", "RightArm", "RightForeArm", "RightHand", "LeftUpLeg", "LeftLeg",
    "LeftFoot", "LeftToeBase", "LeftToe_End", "RightUpLeg", "RightLeg", "RightFoot", "RightToeBase",
]  # fmt: skip


def test_presets_are_sound():
    found = bone_map.presets()
    assert {"Mixamo", "SMPL", "SMPL-X"} <= {p.name for p in found}
    for preset in found:
        assert {"pelvis", *REQUIRED} <= set(preset.slots), preset.name
        bones = [b for names in preset.slots.values() for b in names]
        assert len(bones) == len(set(bones)), f"{preset.name} uses a bone in two slots"
        assert set(preset.slots) <= set(SMPLX52_NAMES)


@pytest.mark.parametrize("prefix", ["", "mixamorig:", "mixamorig1:", "Armature:mixamorig:"])
def test_mixamo_under_any_prefix(prefix):
    found = bone_map.match([prefix + b for b in MIXAMO])
    assert found.name == "Mixamo"
    assert found.slots["left_hip"] == (prefix + "LeftUpLeg",)
    assert found.slots["left_index1"] == (prefix + "LeftHandIndex1",)
    assert "left_pinky1" not in found.slots


def test_the_canonical_names_map_onto_themselves():
    found = bone_map.match(SMPLX52_NAMES)
    assert found.slots == {n: (n,) for n in SMPLX52_NAMES}


def test_optional_slots_may_be_absent():
    bones = [b for b in MIXAMO if "Toe" not in b and b not in ("Neck", "Spine2", "LeftShoulder", "RightShoulder")]
    found = bone_map.match(bones)
    assert "neck" not in found.slots and "left_foot" not in found.slots


def test_no_map_fits_names_what_is_missing():
    with pytest.raises(NoMapFits) as caught:
        bone_map.match(["mixamorig:" + b for b in MIXAMO if b not in ("LeftUpLeg", "RightHand")])
    assert caught.value.nearest == "Mixamo"
    assert caught.value.missing == ["left_hip", "right_wrist"]
    assert "left hip, right wrist" in str(caught.value)
    with pytest.raises(NoMapFits, match="no bone map fits this armature"):
        bone_map.match(["Bone", "Bone.001"])
    with pytest.raises(NoMapFits):
        bone_map.match([])


def test_json_round_trip(tmp_path):
    given = BoneMap("own", {"pelvis": ("hips",), "spine1": ("a", "b", "c")})
    path = tmp_path / "own.json"
    path.write_text(json.dumps(given.to_dict()), encoding="utf-8")
    assert bone_map.load(path) == given


@pytest.mark.parametrize(
    "change, says",
    [
        ({"version": 2}, "version"),
        ({"slots": {"tail": {"bones": ["a"]}}}, "unknown slot 'tail'"),
        ({"slots": {"head": {"bones": []}}}, "lists no bones"),
        ({"slots": {"head": {"bones": ["a"], "role": "magic"}}}, "magic"),
    ],
)
def test_json_errors(change, says):
    with pytest.raises(ValueError, match=says):
        BoneMap.from_dict({"version": 1, "name": "own", "slots": {}, **change})
