"""Key poses: what the animator keyed or selected is bound, and the rest is left free."""

from __future__ import annotations

from dataclasses import replace

import bpy
import numpy as np
import pytest

from tests.blender import character, ik_arm
from tests.blender.body_plan import PLAIN, Build, bone_map
from tests.blender.driving import drive
from tests.blender.measure import module, posed

HIPS, ARM, FORE, HAND, HEAD = (f"mixamorig:{n}" for n in ("Hips", "LeftArm", "LeftForeArm", "LeftHand", "Head"))


def read(rig, mapped=None, **how):
    pose = module("rig.reading.read").read_rig(bpy.context, rig, mapped or bone_map(PLAIN))
    return module("rig.reading.key_pose").read_key_pose(bpy.context, rig, pose, **how)


def parts(key) -> set[str]:
    """What a key pose binds, in words."""
    found = {p for p in ("ground", "height", "heading") if getattr(key, p) is not None}
    for name, joint in key.joints.items():
        found |= {f"{name} {p}" for p in ("rotation", "position", "bend") if getattr(joint, p) is not None}
    return found


def key(rig, bone: str, path: str, frame: int, kind: str = "KEYFRAME") -> None:
    owner = rig.pose.bones[bone] if bone else rig
    owner.keyframe_insert(path, frame=frame, keytype=kind)


def turn(rig, bone: str, *angles: float) -> None:
    rig.pose.bones[bone].rotation_mode = "XYZ"
    rig.pose.bones[bone].rotation_euler = angles
    bpy.context.view_layer.update()


def test_all_of_it_when_nothing_is_keyed(scene):
    """As it is posed now, with the playhead where it is."""
    rig, _ = character.make()
    scene.frame_set(33)
    turn(rig, ARM, 0.3, -0.2, 0.7)
    rig.location = (2.0, -1.0, 0.5)
    found = read(rig)
    assert found.frame == 33 and scene.frame_current == 33
    wanted = {f"{s} rotation" for s in bone_map(PLAIN).slots} | {"ground", "height", "heading"}
    assert parts(found) == wanted
    assert found.ground == pytest.approx((2.0, 1.0), abs=1e-5)
    assert found.height == pytest.approx(1.0 - read_floor(rig), abs=1e-5)
    assert found.heading == pytest.approx(0.0, abs=1e-5)
    assert module("backend.motion.rotations").angle(found.joints["left_shoulder"].rotation) > 0.5
    assert tuple(rig.pose.bones[ARM].rotation_euler) == pytest.approx((0.3, -0.2, 0.7), abs=1e-6)


def read_floor(rig) -> float:
    """Height of the lowest joint of the feet at rest."""
    return min(rig.data.bones[f"mixamorig:{n}"].head_local.z for n in ("LeftFoot", "LeftToeBase"))


def test_the_whole_pose_is_that_of_the_motion(scene):
    rig, _ = character.make(Build(rolls=3))
    driven = drive(rig, Build(rolls=3))
    found = module("rig.reading.key_pose").read_key_pose(bpy.context, rig, driven.pose, frame=21)
    rot, motion = module("backend.motion.rotations"), driven.motion
    for joint, name in enumerate(motion.skeleton.names):
        apart = rot.angle_between(found.joints[name].rotation, motion.rotations[20, joint])
        assert np.rad2deg(apart) < 0.1
    assert found.ground == pytest.approx(motion.root[20, [0, 2]], abs=2e-4)
    assert found.height == pytest.approx(motion.root[20, 1], abs=2e-4)
    facing = module("backend.motion.kinematics").facing_yaw
    joints = module("backend.motion.kinematics").joint_positions(motion)[20]
    assert found.heading == pytest.approx(facing(joints, motion.skeleton), abs=2e-3)
    assert scene.frame_current == 1


def test_only_what_is_keyed_there(scene):
    rig, _ = character.make()
    turn(rig, ARM, 0.4, 0.0, 0.0)
    key(rig, ARM, "rotation_euler", 10)
    key(rig, HEAD, "rotation_quaternion", 20)
    key(rig, FORE, "location", 10)  # a bone that only turns
    key(rig, HIPS, "scale", 10)
    assert parts(read(rig, frame=10)) == {"left_shoulder rotation"}
    assert parts(read(rig, frame=20)) == {"head rotation"}
    assert "pelvis rotation" in parts(read(rig, frame=15))


def test_one_channel_of_a_rotation_is_enough(scene):
    rig, _ = character.make(Build(mode="XYZ"))
    rig.pose.bones[ARM].keyframe_insert("rotation_euler", index=1, frame=10)
    assert parts(read(rig, frame=10)) == {"left_shoulder rotation"}


def test_generated_keys_do_not_count(scene):
    rig, _ = character.make()
    driven = drive(rig)
    for curve in module("rig.writing.actions").curves_of(rig):
        if HEAD in curve.data_path:
            curve.keyframe_points[16].type = "KEYFRAME"
    assert parts(read(rig, frame=17)) == {"head rotation"}
    assert len(parts(read(rig, frame=18))) == len(driven.motion.skeleton) + 3
    keyed = module("rig.reading.keyed").keyed_frames
    assert keyed(rig, driven.pose.bone_map) == [17]


def test_a_generated_key_with_another_value_is_the_animators(scene, tmp_path):
    rig, _ = character.make()
    pose = drive(rig).pose
    curve = next(c for c in module("rig.writing.actions").curves_of(rig) if HEAD in c.data_path)
    curve.keyframe_points[16].co[1] += 0.1
    curve.update()
    assert curve.keyframe_points[16].type == "GENERATED"
    keyed = module("rig.reading.keyed").keyed_frames
    assert keyed(rig, pose.bone_map) == [17]
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "keyed.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "keyed.blend"))
    rig = bpy.data.objects["Rig"]
    assert keyed(rig, pose.bone_map) == [17]
    # without the note, or with a broken one, the type decides
    rig.animation_data.action["posewright_written"] = {"curves": "[[", "keys": b"x"}
    assert keyed(rig, pose.bone_map) == []


def test_what_moves_the_body(scene):
    rig, _ = character.make(Build(root_bone=True))
    mapped = bone_map(Build(root_bone=True))
    key(rig, HIPS, "location", 10)
    key(rig, HIPS, "rotation_quaternion", 20)
    key(rig, "Root", "location", 30)
    key(rig, "Root", "rotation_quaternion", 40)
    key(rig, "", "location", 50)
    key(rig, "", "rotation_euler", 60)
    assert parts(read(rig, mapped, frame=10)) == {"ground", "height"}
    assert parts(read(rig, mapped, frame=20)) == {"heading", "pelvis rotation"}
    assert parts(read(rig, mapped, frame=30)) == parts(read(rig, mapped, frame=50)) == {"ground"}
    assert parts(read(rig, mapped, frame=40)) == parts(read(rig, mapped, frame=60)) == {"heading"}
    # what only moves the body about is no pose
    assert module("rig.reading.keyed").keyed_frames(rig, mapped) == [20]


def test_what_is_selected(scene):
    rig, _ = character.make()
    key(rig, HEAD, "rotation_quaternion", 1)
    for bone in rig.pose.bones:
        chosen = bone if bpy.app.version >= (5, 0, 0) else bone.bone
        chosen.select = bone.name in (ARM, HIPS)
    scene.frame_set(1)
    assert parts(read(rig, selected=True)) == {
        "left_shoulder rotation", "pelvis rotation", "ground", "height", "heading",
    }  # fmt: skip
    assert parts(read(rig)) == {"head rotation"}


def test_slots_that_the_rig_lacks_go_with_the_bone_below(scene):
    """Its rotation is told against the joints up to the next bone."""
    build = Build(spine_bones=2)
    rig, _ = character.make(build)
    top = bone_map(build).slots["spine3"][0]
    key(rig, top, "rotation_quaternion", 10)
    assert parts(read(rig, bone_map(build), frame=10)) == {"spine2 rotation", "spine3 rotation"}


@pytest.fixture
def controlled(scene):
    """The arm with its hand drawn away from rest; and its map."""
    rig, mapped = ik_arm.make()
    rig.pose.bones["hand_ik"].location = (-0.2, 0.1, -0.1)
    bpy.context.view_layer.update()
    return rig, mapped


def test_ik_controls(controlled):
    rig, mapped = controlled
    key(rig, "hand_ik", "location", 10)
    key(rig, "hand_ik", "rotation_quaternion", 20)
    key(rig, "pole", "location", 30)
    key(rig, FORE, "rotation_quaternion", 30)  # does nothing in IK
    placed = read(rig, mapped, frame=10)
    assert parts(placed) == {"left_wrist position"}
    pose = module("rig.reading.read").read_rig(bpy.context, rig, mapped)
    there = posed(rig, HAND) - [0, pose.floor, 0]
    assert placed.joints["left_wrist"].position == pytest.approx(there, abs=2e-4)
    assert parts(read(rig, mapped, frame=20)) == {"left_wrist rotation"}
    bent = read(rig, mapped, frame=30)
    assert parts(bent) == {"left_elbow bend"}
    shoulder, elbow = posed(rig, ARM), posed(rig, FORE)
    bend, line = bent.joints["left_elbow"].bend, there + [0, pose.floor, 0] - shoulder
    assert np.linalg.norm(bend) == pytest.approx(1.0)
    assert abs(bend @ line) < 1e-4 and bend @ (elbow - shoulder) > 0.01


def test_a_limb_in_fk_is_read_by_its_fk_controls(controlled):
    """The switch counts as it stands on the frame that is read."""
    rig, mapped = controlled
    control = rig.pose.bones["hand_ik"]
    for frame, value in ((10, 1.0), (20, 0.0)):
        control["ik_fk"] = value
        control.keyframe_insert('["ik_fk"]', frame=frame)
        for bone, path in (("hand_ik", "location"), ("pole", "location"), (FORE, "rotation_quaternion")):
            key(rig, bone, path, frame)
    assert parts(read(rig, mapped, frame=10)) == {"left_elbow rotation"}
    assert parts(read(rig, mapped, frame=20)) == {"left_wrist position", "left_elbow bend"}


def test_a_straight_limb_bends_where_its_hinge_lets_it(controlled):
    rig, mapped = controlled
    rig.pose.bones[FORE].constraints[0].mute = True
    rig.pose.bones[FORE].rotation_quaternion = (1, 0, 0, 0)
    key(rig, "pole", "location", 10)
    found = read(rig, mapped, frame=10)
    assert found.joints["left_elbow"].bend == pytest.approx((0, 0, -1), abs=0.05)  # backwards


def test_names_with_quotes_and_brackets(scene):
    rig, _ = character.make()
    rig.data.bones[ARM].name = 'odd "name"] \\ ü'
    plain = bone_map(PLAIN)
    mapped = replace(plain, slots=plain.slots | {"left_shoulder": ('odd "name"] \\ ü',)})
    key(rig, 'odd "name"] \\ ü', "rotation_quaternion", 10)
    assert parts(read(rig, mapped, frame=10)) == {"left_shoulder rotation"}
