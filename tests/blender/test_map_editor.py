"""The bone map changed by hand: slots, sides, files, and the controls of a rig."""

from __future__ import annotations

import json

import bpy
import numpy as np
import pytest

from tests.blender import character
from tests.blender.character import Build
from tests.blender.measure import module

P = "mixamorig:"
NEEDED = {
    "pelvis": "Hips",
    **{
        f"{side}_{slot}": side.capitalize() + bone
        for side in ("left", "right")
        for slot, bone in (
            ("hip", "UpLeg"),
            ("knee", "Leg"),
            ("ankle", "Foot"),
            ("shoulder", "Arm"),
            ("elbow", "ForeArm"),
            ("wrist", "Hand"),
        )
    },
}


@pytest.fixture
def rig(scene):
    made, _ = character.make()
    bpy.ops.object.mode_set(mode="POSE")
    return made


def found(rig):
    return bpy.context.window_manager.posewright.maps.found(bpy.context, rig)


def bone_map(rig):
    return found(rig).mapping.bone_map


def pick(rig, *names: str) -> None:
    """Select these bones alone; the last is active."""
    for bone in rig.pose.bones:
        (bone if bpy.app.version >= (5, 0, 0) else bone.bone).select = bone.name in names
    rig.data.bones.active = rig.data.bones[names[-1]] if names else None


def add_bone(rig, name: str, head, parent: str | None = None) -> None:
    bpy.ops.object.mode_set(mode="EDIT")
    bone = rig.data.edit_bones.new(name)
    bone.head, bone.tail = head, (head[0], head[1], head[2] + 0.1)
    bone.parent = rig.data.edit_bones[parent] if parent else None
    bpy.ops.object.mode_set(mode="POSE")


def head(rig, bone: str):
    return tuple(rig.data.bones[P + bone].head_local)


def test_selected_bones_become_the_slots_own_parents_first(rig):
    pick(rig, P + "Spine2", P + "Spine1", P + "Spine")
    bpy.ops.posewright.map_from_selection(slot="spine2")
    assert bone_map(rig).slots["spine2"] == (P + "Spine", P + "Spine1", P + "Spine2")
    assert "spine1" not in bone_map(rig).slots and "spine3" not in bone_map(rig).slots
    assert found(rig).mapping.guesses["spine2"].confidence == 1.0
    assert found(rig).mapping.guesses["spine2"].why == "set by hand"


def test_nothing_selected_is_said(rig):
    pick(rig)
    with pytest.raises(RuntimeError, match="No bone of 'Rig' is selected. Click its bones in Pose Mode"):
        bpy.ops.posewright.map_from_selection(slot="spine2")
    assert not bpy.context.scene.posewright.maps


def test_a_slot_that_there_is_not(rig):
    with pytest.raises(RuntimeError, match="There is no slot 'tail'"):
        bpy.ops.posewright.map_clear(slot="tail")


def test_choose_from_the_list_and_clear(rig):
    bpy.ops.posewright.map_pick(slot="left_foot", bone=P + "RightToeBase")
    assert bone_map(rig).slots["left_foot"] == (P + "RightToeBase",) and "right_foot" not in bone_map(rig).slots
    bpy.ops.posewright.map_clear(slot="left_foot")
    assert "left_foot" not in bone_map(rig).slots and "left_foot" in found(rig).mapping.absent


def test_a_guess_stays_one_until_somebody_looks_at_it(rig):
    scene = bpy.context.scene
    bpy.ops.posewright.map_clear(slot="left_foot")
    scene.posewright.maps[0].guesses = json.dumps({"left_collar": [0.4, "beside the neck"], "neck": [0.3, "above"]})
    assert set(found(rig).mapping.unsure) == {"left_collar", "neck"}
    bpy.ops.posewright.map_confirm(slot="left_collar")
    assert found(rig).mapping.unsure == ("neck",)
    assert found(rig).mapping.guesses["neck"].why == "above"


def test_edits_leave_the_rig_alone_and_need_object_or_pose_mode(rig):
    bpy.ops.posewright.map_clear(slot="left_foot")
    assert rig.mode == "POSE" and rig.animation_data is None
    bpy.ops.object.mode_set(mode="EDIT")
    assert not bpy.ops.posewright.map_clear.poll()


@pytest.mark.parametrize("named", [True, False])
def test_mirror_by_name_or_by_place(rig, named):
    if not named:
        for i, bone in enumerate(rig.data.bones):
            bone.name = f"bone.{i:03}"
    before = bone_map(rig).slots
    bpy.ops.posewright.map_clear(slot="right_elbow")
    bpy.ops.posewright.map_clear(slot="right_foot")
    bpy.ops.posewright.map_mirror(side="left")
    assert bone_map(rig).slots == before
    bpy.ops.posewright.map_clear(slot="left_knee")
    bpy.ops.posewright.map_mirror(side="right")
    assert bone_map(rig).slots == before


def test_parts_that_one_side_lacks_are_cleared_on_the_other(rig):
    """Else the right foot kept the bone that is the right ankle's by then."""
    bpy.ops.posewright.map_pick(slot="left_ankle", bone=P + "LeftToeBase")
    bpy.ops.posewright.map_clear(slot="left_collar")
    add_bone(rig, "collar_fk.R", head(rig, "RightShoulder"))
    pick(rig, "collar_fk.R")
    bpy.ops.posewright.control_from_selection(part="right_arm", role="fk")
    bpy.ops.posewright.map_mirror(side="left")
    made = bone_map(rig)
    assert made.slots["right_ankle"] == (P + "RightToeBase",)
    assert not {"right_foot", "right_collar"} & made.slots.keys() and not made.controls
    assert not found(rig).why and {"left_foot", "right_foot"} <= set(found(rig).mapping.absent)


def test_bones_without_a_mirror_image_are_named(rig):
    add_bone(rig, "tentacle", (0.4, 0.3, 1.2))
    bpy.ops.posewright.map_pick(slot="left_foot", bone="tentacle")
    bpy.ops.posewright.map_mirror(side="left")
    assert "right_foot" not in bone_map(rig).slots and bone_map(rig).slots["left_foot"] == ("tentacle",)


def test_mirrored_names():
    other = module("rig.bone_maps.mirror").other_name
    pairs = ["thigh_l thigh_r", "Bip01 L Hand;Bip01 R Hand", "lShldrBend rShldrBend", "J_Bip_L_Foot J_Bip_R_Foot"]
    pairs += ["DEF-arm.L.001 DEF-arm.R.001", "mixamorig:LeftArm mixamorig:RightArm", "左腕 右腕", "hand_ik.R hand_ik.L"]
    for pair in pairs:
        left, right = pair.split(";") if ";" in pair else pair.split()
        assert other(left) == right and other(right) == left
    for name in ("spine", "roll", "Lowerarm", "Hips"):
        assert other(name) == name


def test_a_rig_that_nobody_knows_can_be_mapped_by_hand(rig, backend, generate):
    """No bone hangs on another, and the names say nothing."""
    bpy.ops.object.mode_set(mode="EDIT")
    names = {}
    for i, bone in enumerate(rig.data.edit_bones):
        names[bone.name] = bone.name = f"part {i}"
        bone.parent = None
    bpy.ops.object.mode_set(mode="POSE")
    backend()
    message = generate()
    assert "Set the bones in the panel Bone Map" in message and rig.animation_data is None
    for slot, bone in NEEDED.items():
        pick(rig, names[P + bone])
        bpy.ops.posewright.map_from_selection(slot=slot)
    assert not found(rig).why
    assert not generate()


def test_a_map_goes_through_a_file(rig, tmp_path):
    path = str(tmp_path / "a.json")
    pick(rig, P + "LeftHand")
    bpy.ops.posewright.control_from_selection(part="left_arm", role="ik")
    bpy.ops.posewright.map_clear(slot="left_foot")
    saved = bone_map(rig)
    bpy.ops.posewright.map_save(filepath=path)
    bpy.ops.posewright.map_reset()
    assert bone_map(rig) != saved
    bpy.ops.posewright.map_load(filepath=path)
    assert bone_map(rig) == saved
    other, _ = character.make(Build(prefix="hero:"), "Hero")
    with pytest.raises(RuntimeError, match="'a.json' is for another rig: 'Hero' has no bones named mixamorig:Head"):
        bpy.ops.posewright.map_load(filepath=path)
    (tmp_path / "b.json").write_text('{"version": 1, "name": "x", "slots": {"pelvis": 3}}')
    with pytest.raises(RuntimeError, match="'b.json' in .* is not a bone map of Posewright"):
        bpy.ops.posewright.map_load(filepath=str(tmp_path / "b.json"))
    assert found(other).source == "automatic"


def test_a_file_is_not_written_where_it_cannot_be(rig, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RuntimeError, match="cannot be written"):
        bpy.ops.posewright.map_save(filepath=str(tmp_path / "file" / "a.json"))


@pytest.mark.parametrize(
    ("slots", "word"),
    [
        ({"left_knee": ["LeftUpLeg"]}, "'mixamorig:LeftUpLeg' stands for more than one part: left hip, left knee"),
        ({"spine2": ["Spine2", "Spine1"], "spine1": [], "spine3": []}, "spine2 are not in order, parents first"),
        ({"left_hip": ["LeftLeg"], "left_knee": ["LeftUpLeg"]}, "the two are mixed up"),
        ({"left_elbow": [], "right_elbow": []}, "No bones are set for: left elbow, right elbow"),
        ({"left_elbow": ["Tentacle"]}, "does not have: mixamorig:Tentacle"),
    ],
)
def test_what_is_wrong_with_a_map_is_said(rig, backend, generate, slots, word):
    bpy.ops.posewright.map_clear(slot="left_foot")
    entry = bpy.context.scene.posewright.maps[0]
    written = json.loads(entry.json)
    for slot, bones in slots.items():
        written["slots"][slot] = [{"role": "deform", "bones": [P + b for b in bones]}]
        if not bones:
            del written["slots"][slot]
    entry.json = json.dumps(written)
    backend()
    assert word in found(rig).why and word in generate()
    assert rig.animation_data is None


def test_controls_go_to_the_nearest_joint(rig):
    for bone in ("Arm", "ForeArm", "Hand"):
        x, y, z = head(rig, f"Left{bone}")
        add_bone(rig, f"{bone}_fk.L", (x, y + 0.01, z))
        add_bone(rig, f"{bone}_fk.R", (-x, y + 0.01, z))
    pick(rig, "Hand_fk.L", "Arm_fk.L", "ForeArm_fk.L")
    bpy.ops.posewright.control_from_selection(part="left_arm", role="fk")
    controls = bone_map(rig).controls
    assert controls["left_shoulder"].fk == ("Arm_fk.L",) and controls["left_wrist"].fk == ("Hand_fk.L",)
    assert "left_collar" not in controls
    bpy.ops.posewright.map_mirror(side="left")
    assert bone_map(rig).controls["right_elbow"].fk == ("ForeArm_fk.R",)
    bpy.ops.posewright.control_clear(part="left_arm", role="fk")
    assert set(bone_map(rig).controls) == {"right_shoulder", "right_elbow", "right_wrist"}


def test_twist_bones_go_to_the_part_of_the_limb_that_they_lie_along(rig):
    elbow, wrist, shoulder = (np.array(head(rig, f"Left{bone}")) for bone in ("ForeArm", "Hand", "Arm"))
    for name, start, end, at in (("upper", shoulder, elbow, 0.5), ("a", elbow, wrist, 0.7), ("b", elbow, wrist, 0.2)):
        add_bone(rig, f"twist_{name}", start + at * (end - start), P + "LeftArm")
    pick(rig, "twist_a", "twist_b", "twist_upper")
    bpy.ops.posewright.control_from_selection(part="left_arm", role="twist")
    controls = bone_map(rig).controls
    assert controls["left_shoulder"].twist == ("twist_upper",)
    assert controls["left_elbow"].twist == ("twist_b", "twist_a") and not found(rig).why
    bpy.ops.posewright.control_clear(part="left_arm", role="twist")
    assert not bone_map(rig).controls
    with pytest.raises(RuntimeError, match="has no Twist bones"):
        bpy.ops.posewright.control_from_selection(part="torso", role="twist")


def test_finger_controls_go_to_their_joints(rig):
    bpy.ops.posewright.map_pick(slot="left_index1", bone=P + "LeftToeBase")
    add_bone(rig, "index_fk.L", head(rig, "LeftToeBase"))
    pick(rig, "index_fk.L")
    bpy.ops.posewright.control_from_selection(part="left_fingers", role="fk")
    assert bone_map(rig).controls["left_index1"].fk == ("index_fk.L",)


def test_a_whole_control_limb_is_kept_with_the_preset(rig):
    x, y, z = head(rig, "LeftHand")
    add_bone(rig, "hand_ik.L", (x, y, z))
    add_bone(rig, "elbow_pole.L", (x / 2, y + 0.5, z))
    add_bone(rig, "cog", head(rig, "Hips"))
    add_bone(rig, "ground", (0, 0, 0))
    rig.pose.bones["hand_ik.L"]["IK_FK"] = 0.0
    for bone, role, part in (
        ("hand_ik.L", "ik", "left_arm"),
        ("elbow_pole.L", "pole", "left_arm"),
        ("cog", "body", ""),
        ("ground", "root", ""),
    ):
        pick(rig, bone)
        bpy.ops.posewright.control_from_selection(part=part, role=role)
    pick(rig, "hand_ik.L")
    bpy.ops.posewright.switch_set(part="left_arm", property="IK_FK", fk=1.0, ik=0.0)
    made = bone_map(rig)
    assert made.controls["left_wrist"].ik == ("hand_ik.L",) and made.controls["left_elbow"].pole == ("elbow_pole.L",)
    assert (made.body, made.root) == ("cog", "ground")
    switch = module("backend.motion.bone_map").Switch("hand_ik.L", "IK_FK", 1.0, 0.0)
    assert made.controls["left_wrist"].switches == (switch,)
    assert not found(rig).why
    bpy.ops.posewright.map_save_preset()
    assert found(rig).source == "preset" and bone_map(rig) == made
    bpy.ops.posewright.map_forget_preset()


def test_a_switch_that_is_gone_is_said(rig):
    rig.pose.bones[P + "LeftHand"]["IK_FK"] = 0.0
    pick(rig, P + "LeftHand")
    bpy.ops.posewright.switch_set(part="left_arm", property="IK_FK")
    del rig.pose.bones[P + "LeftHand"]["IK_FK"]
    bpy.ops.posewright.map_clear(slot="left_foot")
    assert "has no custom property 'IK_FK', which should switch the left wrist" in found(rig).why
    bpy.ops.posewright.switch_clear(part="left_arm")
    assert not found(rig).why


def test_controls_of_a_slot_without_bones_are_refused(rig):
    bpy.ops.posewright.map_clear(slot="left_wrist")
    pick(rig, P + "LeftHand")
    with pytest.raises(RuntimeError, match="Set the bone of Left Arm > Wrist first"):
        bpy.ops.posewright.control_from_selection(part="left_arm", role="ik")
    with pytest.raises(RuntimeError, match="has no IK control"):
        bpy.ops.posewright.control_from_selection(part="torso", role="ik")
    pick(rig, P + "LeftHand", P + "LeftArm")
    with pytest.raises(RuntimeError, match="2 bones are selected. Select one: Pole"):
        bpy.ops.posewright.control_from_selection(part="left_arm", role="pole")
