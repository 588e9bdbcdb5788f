"""Bone maps: the bones that they name, and their JSON form with controls and calibration."""

import json

import pytest

from backend.motion import bone_map_json
from backend.motion.bone_map import BoneMap, Calibration, Controls, Switch

FULL = BoneMap(
    "own",
    {"pelvis": ("hips",), "left_hip": ("thigh", "thigh2"), "left_knee": ("shin", "shin2"), "left_ankle": ("foot",)},
    {
        "left_hip": Controls(fk=("thigh_fk",), twist=("thigh_twist",)),
        "left_knee": Controls(fk=("shin_fk",), pole=("knee_pole",)),
        "left_ankle": Controls(
            fk=("foot_fk",),
            ik=("foot_ik",),
            switches=(Switch("foot_ik", "IK_FK", 1.0, 0.0), Switch("foot_ik", "stretch", None, 0.0)),
        ),
    },
    body="torso",
    root="root",
    calibration=Calibration({"thigh": (1.0, 0.0, 0.0, 0.0)}, {"thigh": (0.1, 0.0, 0.9)}, t_pose=True),
)


@pytest.mark.parametrize("given", [FULL, BoneMap("own", {"pelvis": ("hips",), "spine1": ("a", "b", "c")})])
def test_json_round_trip(tmp_path, given):
    path = tmp_path / "own.json"
    path.write_text(json.dumps(bone_map_json.to_dict(given)), encoding="utf-8")
    assert bone_map_json.load(path) == given


def test_every_bone_that_a_map_names():
    assert FULL.bones == {
        "hips", "thigh", "thigh2", "shin", "shin2", "foot", "thigh_fk", "thigh_twist", "shin_fk", "knee_pole",
        "foot_fk", "foot_ik", "torso", "root",
    }  # fmt: skip


def test_the_carrier_is_the_last_bone_save_below_a_hinge():
    assert FULL.carrier("left_hip") == "thigh2" and FULL.carrier("left_knee") == "shin"


def part(role: str = "deform", bones=("a",), **more) -> dict:
    return {"role": role, "bones": list(bones), **more}


def calibrated(**change) -> dict:
    entry = {"rotation": [1, 0, 0, 0], "head": [0, 0, 0]}
    return {"space": "armature", "t_pose": False, "bones": {"a": entry}} | change


@pytest.mark.parametrize(
    "change, says",
    [
        ({"version": 2}, "version 2 cannot be read; this build reads version 1"),
        ({"slots": {"tail": [part()]}}, "unknown slot 'tail'"),
        ({"slots": {"head": []}}, "no bones of its own"),
        ({"slots": {"head": [part("fk")]}}, "no bones of its own"),
        ({"slots": {"head": [part(bones=())]}}, "lists no bones for role 'deform'"),
        ({"slots": {"head": [part("magic")]}}, "role 'magic'; this build knows deform, fk"),
        ({"slots": {"head": [part(), part()]}}, "two lists of role 'deform'"),
        ({"slots": {"head": {"bones": ["a"], "role": "deform"}}}, "slot 'head' is {.*; it has to be a list"),
        ({"slots": {"head": [3]}}, "entry 1 of slot 'head' is 3; it has to be an object"),
        ({"slots": {"head": [{"role": "deform", "bones": "Head"}]}}, "'bones' of entry 1 of slot 'head' is 'Head'"),
        ({"slots": {"head": [part(bones=[7])]}}, "a bone in entry 1 of slot 'head' is 7; it has to be a text"),
        ({"slots": {"head": [part(), part("switch", property="IK_FK")]}}, "entry 2 of slot 'head' has no 'fk'"),
        ({"slots": {"head": [part(), part("switch", property="p", fk="on", ik=0)]}}, "is 'on'; it has to be a number"),
        ({"slots": ["head"]}, "'slots' of the map is .*; it has to be an object"),
        ({"body": 5}, "'body' of the map is 5; it has to be a text"),
        ({"calibration": calibrated(space="world")}, "space 'world' is not known"),
        ({"calibration": calibrated(bones={"a": {"rotation": [1, 0, 0], "head": [0, 0, 0]}})}, "4 finite numbers"),
        (
            {"calibration": calibrated(bones={"a": {"rotation": [1, 0, 0, 0], "head": [0, 0, "nan"]}})},
            "bone 'a' .* 3 finite",
        ),
        ({"calibration": {"space": "armature"}}, "the calibration has no 'bones'"),
        ({"calibration": [1]}, "the calibration is .1.; it has to be an object"),
    ],
)
def test_json_errors(change, says):
    with pytest.raises(ValueError, match=says):
        bone_map_json.from_dict({"version": 1, "name": "own", "slots": {}, **change})


@pytest.mark.parametrize("given", [None, [], "map", {}])
def test_what_is_no_object_has_no_version(given):
    with pytest.raises(ValueError, match="version None cannot be read"):
        bone_map_json.from_dict(given)
