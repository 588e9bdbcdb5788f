"""The map of a generated Rigify rig, from its bones' names and places alone."""

from __future__ import annotations

import numpy as np
import pytest

from backend.motion import bone_map_json
from backend.motion.bone_map import Switch
from backend.motion.mapping.rigify import rigify
from backend.motion.rest_rig import RestRig

LIMBS = {"arm": ("upper_arm", "forearm", "hand"), "leg": ("thigh", "shin", "foot")}
FINGERS = ("thumb", "f_index", "f_middle", "f_ring", "f_pinky")


def generated(
    spine: int = 4, neck: int = 2, fk: bool = True, fingers: bool = False, switch: str = "IK_FK", toe: str = "toe_fk"
) -> RestRig:
    """Bones as Rigify names them: ``spine`` of the torso, ``neck`` and one of the head, each 0.1 above the last."""
    places: dict[str, float] = {"root": 0.0, "torso": 1.0, "hips": 1.0, "chest": 1.2}
    names = ["spine"] + [f"spine.{k:03d}" for k in range(1, spine + neck + 1)]
    for k, name in enumerate(names):
        places[f"ORG-{name}"] = places[f"DEF-{name}"] = places[f"tweak_{name}"] = 1.0 + 0.1 * k
        if k < spine and fk:
            places[name.replace("spine", "spine_fk")] = 1.0 + 0.1 * k
    places["neck"], places["head"] = 1.0 + 0.1 * spine, 1.0 + 0.1 * (spine + neck)
    if not neck:
        del places["neck"]
    properties = {"torso": ("neck_follow", "head_follow", "torso_parent")}
    for side in (".L", ".R"):
        for name in ("shoulder", "toe", *(LIMBS["arm"] + LIMBS["leg"])):
            places[f"ORG-{name}{side}"] = places[f"DEF-{name}{side}"] = 0.5
        places[f"shoulder{side}"] = places[f"{toe}{side}"] = places[f"toe_ik{side}"] = 0.5
        for first, middle, last in LIMBS.values():
            for bone in (f"{first}_fk", f"{middle}_fk", f"{last}_fk", f"{last}_ik", f"{first}_ik", f"MCH-{middle}_ik"):
                places[bone + side] = 0.5
            places[f"{first}_ik_target{side}"] = places[f"{first}_parent{side}"] = 0.5
            properties[f"{first}_parent{side}"] = ("FK_limb_follow", switch, "IK_Stretch", "pole_vector", "IK_parent")
        for finger in FINGERS if fingers else ():
            for k in (1, 2, 3):
                places[f"ORG-{finger}.0{k}{side}"] = places[f"{finger}.0{k}{side}"] = 0.5
    heads = np.array([(0.0, 0.0, z) for z in places.values()])
    count = len(places)
    return RestRig(tuple(places), (-1,) * count, heads, heads + 0.05, np.zeros(count, bool), properties=properties)


def test_the_slots_stand_on_org_bones_and_the_controls_are_keyed():
    found = rigify(generated())
    assert found.slots["pelvis"] == ("ORG-spine",) and found.controls["pelvis"].fk == ("spine_fk",)
    assert found.slots["spine3"] == ("ORG-spine.003",) and found.controls["spine3"].fk == ("spine_fk.003",)
    assert found.slots["neck"] == ("ORG-spine.004", "ORG-spine.005") and found.controls["neck"].fk == ("neck",)
    assert found.slots["head"] == ("ORG-spine.006",) and found.controls["head"].fk == ("head",)
    assert found.controls["right_ankle"].ik == ("foot_ik.R",) and found.controls["right_knee"].pole == (
        "thigh_ik_target.R",
    )
    assert found.controls["left_foot"].fk == ("toe_fk.L",) and found.controls["left_foot"].ik == ("toe_ik.L",)
    assert (found.body, found.root) == ("torso", "root")
    assert not any("tweak" in bone or "DEF" in bone for bone in found.bones)
    assert "left_index1" not in found.slots
    assert bone_map_json.from_dict(bone_map_json.to_dict(found)) == found


def test_the_switches_of_a_limb():
    assert rigify(generated()).controls["left_wrist"].switches == (
        Switch("upper_arm_parent.L", "IK_FK", 1.0, 0.0),
        Switch("upper_arm_parent.L", "IK_Stretch", None, 0.0),
        Switch("upper_arm_parent.L", "pole_vector", None, 1.0),
        Switch("upper_arm_ik.L", "ik_stretch", None, 0.0),
        Switch("MCH-forearm_ik.L", "ik_stretch", None, 0.0),
    )


def test_older_names():
    found = rigify(generated(switch="IK/FK", toe="toe"))
    assert found.controls["left_ankle"].switches[0] == Switch("thigh_parent.L", "IK/FK", 1.0, 0.0)
    assert found.controls["left_foot"].fk == ("toe.L",)


def test_fingers():
    found = rigify(generated(fingers=True))
    assert found.slots["left_pinky3"] == ("ORG-f_pinky.03.L",)
    assert found.controls["right_thumb1"].fk == ("thumb.01.R",)


@pytest.mark.parametrize(
    "bones, slots",
    [
        (2, {"spine3": 1}),
        (3, {"spine1": 1, "spine3": 1}),
        (4, {"spine1": 1, "spine2": 1, "spine3": 1}),
        (6, {"spine1": 2, "spine2": 2, "spine3": 1}),
    ],
)
def test_spines_of_any_length(bones, slots):
    found = rigify(generated(spine=bones))
    assert {s: len(b) for s, b in found.slots.items() if s.startswith("spine")} == slots
    assert all(len(found.controls[slot].fk) == count for slot, count in slots.items())
    assert found.slots["head"] == (f"ORG-spine.{bones + 2:03d}",)


def test_a_head_without_a_neck():
    found = rigify(generated(neck=0))
    assert "neck" not in found.slots and found.slots["head"] == ("ORG-spine.004",)


def test_a_spine_without_fk_controls_turns_by_its_ends():
    found = rigify(generated(fk=False))
    assert found.controls["pelvis"].fk == ("hips",) and found.controls["spine3"].fk == ("chest",)
    assert "spine1" not in found.slots and "spine2" not in found.slots


@pytest.mark.parametrize("without", ["torso", "ORG-forearm.L", "thigh_fk.R"])
def test_no_control_rig(without):
    rig = generated()
    names = tuple("gone" if n == without else n for n in rig.names)
    assert rigify(RestRig(names, rig.parents, rig.heads, rig.tails, rig.deform)) is None
