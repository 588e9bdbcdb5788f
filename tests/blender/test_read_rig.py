"""What is read of a rig before anything is put on it, and what is refused."""

from __future__ import annotations

import bpy
import numpy as np
import pytest
from mathutils import Matrix

from tests.blender import body_plan, character
from tests.blender.body_plan import Build
from tests.blender.driving import with_switch
from tests.blender.measure import module

ARM, LEG = "mixamorig:LeftArm", "mixamorig:LeftLeg"


def read(rig, bone_map=None):
    return module("rig.reading.read").read_rig(bpy.context, rig, bone_map or body_plan.bone_map(body_plan.PLAIN))


def refusal():
    return module("rig.refusal").Refusal


def calibrated(heads, t_pose: bool = False):
    """The plain map, calibrated in a pose whose bones are not turned and begin at ``heads``."""
    maps = module("backend.motion.bone_map")
    rotations = dict.fromkeys(heads, (1.0, 0.0, 0.0, 0.0))
    plain = body_plan.bone_map(body_plan.PLAIN)
    return maps.BoneMap("calibrated", plain.slots, calibration=maps.Calibration(rotations, heads, t_pose))


def test_modes_locks_and_lengths(scene):
    rig, _ = character.make(Build(mode="YXZ"))
    bone = rig.pose.bones[ARM]
    bone.lock_location, bone.lock_rotation = (True, False, False), (False, True, False)
    rig.pose.bones[LEG].rotation_mode = "QUATERNION"
    rig.pose.bones[LEG].lock_rotations_4d = rig.pose.bones[LEG].lock_rotation_w = True
    bones = read(rig).bones
    arm, leg = bones.index[ARM], bones.index[LEG]
    assert bones.rotation_mode[arm] == "YXZ" and bones.rotation_mode[leg] == "QUATERNION"
    assert bones.locks[arm].location == (True, False, False) and bones.locks[arm].rotation == (False, True, False)
    assert bones.locks[leg].rotation == (True, False, False, False)
    assert bones.length[arm] == pytest.approx(rig.data.bones[ARM].length)


def test_a_switch_is_read_with_its_value(scene):
    rig, _ = character.make()
    rig.pose.bones[ARM]["FK"] = 0.25
    assert read(rig, with_switch(ARM, "FK")).switches == {(ARM, "FK"): 0.25}


def test_a_switch_that_is_not_there_is_refused(scene):
    rig, _ = character.make()
    with pytest.raises(refusal(), match="no number called 'FK'"):
        read(rig, with_switch(ARM, "FK"))


def test_a_calibration_of_other_bones_is_refused(scene):
    rig, _ = character.make()
    heads = {b.name: tuple(b.head_local) for b in rig.data.bones if b.name != LEG}
    with pytest.raises(refusal(), match=f"does not know bone '{LEG}'. Calibrate again"):
        read(rig, calibrated(heads))


def test_joints_in_one_place_are_refused(scene):
    rig, _ = character.make()
    heads = {b.name: tuple(b.head_local) for b in rig.data.bones}
    heads[LEG] = heads["mixamorig:LeftFoot"]
    with pytest.raises(refusal(), match=f"'{LEG}' and 'mixamorig:LeftFoot' of 'Rig' begin in the same place"):
        read(rig, calibrated(heads))


def test_a_calibration_takes_the_place_of_the_bind_pose(scene):
    rig, _ = character.make(Build(arms_down=0.7))
    heads = {b.name: tuple(b.head_local) for b in rig.data.bones}
    heads["mixamorig:LeftHand"] = (0.8, 0.0, 1.5)
    pose = read(rig, calibrated(heads))
    assert pose.points["left_wrist"] == pytest.approx((0.8, 1.5, 0.0))
    assert np.allclose(pose.bones.reference, (1.0, 0.0, 0.0, 0.0))


def test_a_rig_that_is_said_to_hold_the_t_pose_does(scene):
    rig, _ = character.make(Build(arms_down=0.2))
    heads = {b.name: tuple(b.head_local) for b in rig.data.bones}
    canonical = module("backend.motion.anatomy").canonical_frames("smpl22")
    rot = module("backend.motion.rotations")
    pose = read(rig, calibrated(heads, t_pose=True))
    assert max(rot.angle_between(pose.frames[s], canonical[s]) for s in pose.frames) < 1e-6
    assert rot.angle_between(read(rig).frames["left_shoulder"], canonical["left_shoulder"]) == pytest.approx(
        0.2, abs=0.02
    )


def test_the_heading_is_that_of_the_hips(scene):
    rig, _ = character.make()
    assert read(rig).heading == pytest.approx(0.0, abs=1e-6)
    collar, hips = rig.pose.bones["mixamorig:LeftShoulder"], rig.pose.bones["mixamorig:Hips"]
    collar.matrix = rotated(collar, 0.5)
    assert read(rig).heading == pytest.approx(0.0, abs=1e-6)  # one shoulder that reaches forwards turns nobody
    hips.matrix = rotated(hips, 0.7)
    assert read(rig).heading == pytest.approx(0.7, abs=1e-5)
    rig.rotation_euler.z = 0.4
    assert read(rig).heading == pytest.approx(1.1, abs=1e-5)


def test_shoulders_askew_at_rest_count_as_in_the_heading_of_motions(scene):
    rig, _ = character.make()
    bpy.ops.object.mode_set(mode="EDIT")
    rig.data.edit_bones[ARM].head.y -= 0.1
    bpy.ops.object.mode_set(mode="OBJECT")
    pose = read(rig)
    across = sum(pose.points[f"left_{s}"] - pose.points[f"right_{s}"] for s in ("hip", "shoulder"))
    assert pose.heading == pytest.approx(np.arctan2(-across[2], across[0])) and abs(pose.heading) > 0.1


def rotated(bone, angle: float) -> Matrix:
    """Its matrix, turned by ``angle`` about the vertical through its head."""
    here = Matrix.Translation(bone.head)
    return here @ Matrix.Rotation(angle, 4, "Z") @ here.inverted() @ bone.matrix


def test_constraints_of_keyed_bones_are_named(scene):
    rig, _ = character.make()
    rig.pose.bones[ARM].constraints.new("LIMIT_ROTATION").use_limit_x = True
    rig.pose.bones[LEG].constraints.new("LIMIT_ROTATION").mute = True
    assert read(rig).warnings == (f"Constraints on {ARM} act on top of the motion.",)


def test_the_rest_rig(scene):
    rig, _ = character.make(Build(root_bone=True))
    rig.pose.bones[ARM]["FK"], rig.pose.bones[ARM]["note"] = 1.0, "left"
    rig.data.bones[LEG].use_deform = False
    found = module("rig.reading.rest").rest_rig(rig)
    assert found.names[0] == "Root" and found.parents[found.names.index("mixamorig:Hips")] == 0
    assert found.properties == {ARM: ("FK",)}
    assert not found.deform[found.names.index(LEG)] and found.deform.sum() == len(found.names) - 1
    assert found.heads[found.names.index(LEG)] == pytest.approx(tuple(rig.data.bones[LEG].head_local))
    assert found.labels == {}


@pytest.fixture
def vrm(scene):
    """Properties laid out as those that the VRM add-on keeps on armatures."""
    kinds = {
        "Node": {"bone_name": bpy.props.StringProperty()},
        "Bone": {"bone": bpy.props.StringProperty(), "node": "Node"},
        "Bones1": {"left_upper_arm": "Bone", "hips": "Bone"},
        "Humanoid0": {"human_bones": ["Bone"]},
        "Humanoid1": {"human_bones": "Bones1"},
        "Vrm0": {"humanoid": "Humanoid0"},
        "Vrm1": {"humanoid": "Humanoid1"},
        "Table": {"spec_version": bpy.props.StringProperty(), "vrm0": "Vrm0", "vrm1": "Vrm1"},
    }
    made = {}
    for name, fields in kinds.items():
        properties = {}
        for field, kind in fields.items():
            if isinstance(kind, str):
                kind = bpy.props.PointerProperty(type=made[kind])
            elif isinstance(kind, list):
                kind = bpy.props.CollectionProperty(type=made[kind[0]])
            properties[field] = kind
        made[name] = type(f"PW_TEST_{name}", (bpy.types.PropertyGroup,), {"__annotations__": properties})
        bpy.utils.register_class(made[name])
    bpy.types.Armature.vrm_addon_extension = bpy.props.PointerProperty(type=made["Table"])
    yield
    del bpy.types.Armature.vrm_addon_extension
    for cls in reversed(made.values()):
        bpy.utils.unregister_class(cls)


def test_labels_of_the_vrm_addon(vrm):
    rig, _ = character.make()
    table = rig.data.vrm_addon_extension
    table.vrm1.humanoid.human_bones.left_upper_arm.node.bone_name = ARM
    entry = table.vrm0.humanoid.human_bones.add()
    entry.bone, entry.node.bone_name = "leftLowerLeg", LEG
    table.spec_version = "1.0"
    assert module("rig.reading.rest").rest_rig(rig).labels == {ARM: "leftUpperArm"}
    table.spec_version = "0.0"
    assert module("rig.reading.rest").rest_rig(rig).labels == {LEG: "leftLowerLeg"}
