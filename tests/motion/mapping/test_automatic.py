"""What else a mapping says: labels, layers of control rigs, twist bones, toes, what was never run here."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from backend.motion import bone_map_json
from backend.motion.mapping.automatic import automatic
from backend.motion.mapping.mapping import SURE, Guess, Mapping
from tests.motion.mapping import schemes
from tests.motion.mapping.humanoid import FINGERS, Built, build
from tests.motion.mapping.test_schemes import BY_NAME, expected
from tests.motion.mapping.test_structure import slots_by_old_names, unnamed

LABELS = {
    "hip": "UpperLeg", "knee": "LowerLeg", "ankle": "Foot", "foot": "Toes", "collar": "Shoulder",
    "shoulder": "UpperArm", "elbow": "LowerArm", "wrist": "Hand",
}  # fmt: skip


def humanoid_table(built: Built) -> dict[str, str]:
    """Bone -> label of VRM 0.x, for the limbs and the index fingers."""
    out = {"hips": "hips", "spine": "spine", "chest": "chest", "neck": "neck", "head": "head"}
    for side in ("left", "right"):
        out |= {built.truth[f"{side}_{part}"][0]: side + label for part, label in LABELS.items()}
        for k, phalanx in enumerate(("Proximal", "Intermediate", "Distal"), start=1):
            out[built.truth[f"{side}_index{k}"][0]] = f"{side}Index{phalanx}"
    return out


def test_the_rigs_own_table_needs_no_names():
    built = build(schemes.BLENDER, 30.0)
    rename, back = unnamed(built)
    labels = {rename(bone): label for bone, label in humanoid_table(built).items()}
    found = automatic(built.rig(rename, labels=labels))
    assert slots_by_old_names(found, back) == expected(schemes.BLENDER, built)
    assert set(found.unsure) == {s for s in built.truth if s.split("_")[-1][:-1] in set(FINGERS) - {"index"}}
    assert "humanoid table calls it leftHand" in found.guesses["left_wrist"].why


def test_the_table_is_believed_against_the_feet_only_with_a_warning():
    """VRM 0.x looks along -Z: its left is where its table says, and the feet agree."""
    built = build(schemes.BLENDER)
    away = np.diag([-1.0, -1.0, 1.0])
    assert not automatic(built.rig(turn=away, labels=humanoid_table(built))).unsure


@pytest.mark.parametrize("name", BY_NAME)
def test_systems_that_never_ran_here_are_marked(name):
    found = automatic(build(BY_NAME[name]).rig())
    untested = name in ("VRoid", "DAZ Genesis 8", "Auto-Rig Pro", "Character Creator", "SMPL-X")
    assert found.tested == (not untested)
    assert any("untested" in note for note in found.notes) == untested


def test_our_own_characters_are_tested_though_named_as_the_add_ons():
    found = automatic(build(schemes.SMPLX).rig(ours=True))
    assert found.tested and found.bone_map.name == "SMPL-X" and not found.notes


def cloudrig() -> Built:
    """Deforming bones, their ORG parents, FK and IK controls and stretching helpers, all in one armature."""
    body = build(schemes.BLENDER)
    out = Built(truth={slot: tuple("DEF-" + b for b in bones) for slot, bones in body.truth.items()})
    for layer in ("ORG-", "FK-", "DEF-", "STR-"):
        for name, (parent, head, tail) in body.bones.items():
            if name == "root":
                if layer == "ORG-":
                    out.add("root", None, head, tail)
                continue
            prefix = "ORG-" if layer in ("DEF-", "STR-") else layer
            out.add(layer + name, prefix + parent if parent in body.bones and parent != "root" else "root", head, tail)
    for side in ("L", "R"):
        for end in ("hand", "foot"):
            _, head, tail = body.bones[f"{end}.{side}"]
            out.add(f"IK-{end}.{side}", "root", head, tail)
    return out


def test_a_control_rig_keeps_its_layers_apart():
    built = cloudrig()
    found = automatic(built.rig())
    assert found.bone_map.slots["left_elbow"] == ("DEF-forearm.L",)
    assert found.bone_map.slots["pelvis"] == ("DEF-hips",)
    assert found.bone_map.controls["left_elbow"].fk == ("FK-forearm.L",)
    assert found.bone_map.controls["spine3"].fk == ("FK-chest",)
    assert found.bone_map.name == "CloudRig" and not found.tested
    assert any("controls were found by their names" in note for note in found.notes)


def test_deforming_bones_come_before_controls_of_the_same_names():
    built = build(schemes.BLENDER)
    twice = Built()
    for name, (parent, head, tail) in built.bones.items():
        twice.add(name, parent, head, tail)
    for name in [n for n in built.bones if "arm" in n or "hand" in n]:
        parent, head, tail = built.bones[name]
        twice.add(name + "_control", parent, head, tail)
    rig = twice.rig()
    deform = np.array([not n.endswith("_control") and n != "root" for n in rig.names])
    found = automatic(dataclasses.replace(rig, deform=deform))
    assert found.bone_map.slots["left_shoulder"] == ("upper_arm.L",) and found.bone_map.root == "root"


def test_twist_bones_hang_on_the_segment_or_on_its_parent():
    built = build(schemes.BLENDER)
    for side in ("L", "R"):
        for name, of, parent in (("a", "upper_arm", "shoulder"), ("b", "forearm", "forearm")):
            _, head, tail = built.bones[f"{of}.{side}"]
            for k, at in ((2, 0.75), (1, 0.25)):
                point = head + at * (tail - head)
                built.add(f"{of}_{'twist' if name == 'a' else 'roll'}_{k}.{side}", f"{parent}.{side}", point, tail)
    controls = automatic(built.rig()).bone_map.controls
    assert controls["left_shoulder"].twist == ("upper_arm_twist_1.L", "upper_arm_twist_2.L")
    assert controls["right_elbow"].twist == ("forearm_roll_1.R", "forearm_roll_2.R")


def test_a_bone_per_toe_gives_the_middle_one():
    built = build(schemes.MAKEHUMAN, toes=False)
    for sign, side in ((1, "L"), (-1, "R")):
        for toe in range(1, 6):
            x = sign * (0.08 + 0.015 * toe)
            names = [f"toe{toe}-{k}.{side}" for k in (1, 2, 3)]
            built.chain(names, f"foot.{side}", (x, -0.1 + 0.005 * toe, 0.02), (x, -0.16, 0.01))
    found = automatic(built.rig())
    assert found.bone_map.slots["left_foot"] == ("toe3-1.L",) and "left_foot" not in found.unsure
    assert "middle one of 5 toes" in found.guesses["left_foot"].why


def test_a_pelvis_beside_the_spine_under_a_cog():
    """What carries both is keyed as the pelvis; a pelvis of the legs alone would leave the trunk behind."""
    scheme = dataclasses.replace(schemes.BLENDER, pelvis="cog", before_hip="pelvis_{}")
    built = build(scheme)
    assert automatic(built.rig()).bone_map.slots == expected(scheme, built)


@pytest.mark.parametrize("scale", [1.0, 100.0])
@pytest.mark.parametrize(
    ("above", "height", "body", "root"),
    [
        (("Root",), 0.0, None, "Root"),
        (("Root",), 0.1, None, "Root"),  # two centimetres under the ankles
        (("Cog",), 0.9, "Cog", None),
        (("World", "Cog"), 0.9, "Cog", "World"),
        (("World", "Root"), 0.0, None, "World"),
    ],
)
def test_what_carries_legs_and_hips_is_a_root_where_it_stands_on_the_ground(scale, above, height, body, root):
    scheme = dataclasses.replace(schemes.QUATERNIUS, above=above, legs_on=above[-1])
    built = build(scheme)
    parent, head, _ = built.bones[above[-1]]
    head = np.array([*head[:2], height])
    built.bones[above[-1]] = (parent, head, head + [0.0, 0.1, 0.0])
    found = automatic(built.rig(scale=scale)).bone_map
    assert found.slots["pelvis"] == ("Hips",) and (found.body, found.root) == (body, root)


def test_a_preset_that_knows_less_of_the_spine_gives_way():
    """Five bones of Unreal's spine: the preset has three of them, and the arms hang on the fifth."""
    found = automatic(build(schemes.UNREAL).rig())
    assert found.bone_map.slots["spine3"][-1] == "spine_05" and not found.unsure
    shorter = dataclasses.replace(schemes.UNREAL, spine=("spine_01", "spine_02", "spine_03"), neck=("neck_01",))
    found = automatic(build(shorter).rig())
    assert found.bone_map.name == "Unreal" and found.guesses["spine3"].confidence == 1.0


def test_unsure_are_the_slots_below_the_threshold(tmp_path):
    bone_map = automatic(build(schemes.BLENDER).rig()).bone_map
    guesses = {"head": Guess("head", ("a",), SURE, ""), "neck": Guess("neck", ("b",), SURE - 0.01, "")}
    assert Mapping(bone_map, guesses, ()).unsure == ("neck",)


def test_maps_survive_their_file_form():
    for name in ("Unreal 5", "Quaternius"):
        bone_map = automatic(build(BY_NAME[name]).rig()).bone_map
        assert bone_map_json.from_dict(bone_map_json.to_dict(bone_map)) == bone_map
