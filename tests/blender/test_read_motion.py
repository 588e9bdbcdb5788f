"""What was put on a rig comes back: through every way of binding, IK, constraints and the NLA; and nothing is moved."""

from __future__ import annotations

import math
from dataclasses import replace

import bpy
import numpy as np
import pytest
from mathutils import Matrix

from tests.blender import character, generated
from tests.blender.body_plan import PLAIN, Build, bone_map
from tests.blender.driving import drive
from tests.blender.measure import held, module, posed

ARM, HAND = "mixamorig:LeftArm", "mixamorig:LeftHand"
BUILDS = {
    "t-pose": Build(),
    "a-pose": Build(arms_down=0.8),
    "random rolls": Build(rolls=11),
    "bones along x": Build(along_x=True),
    "fingers": Build(fingers=True, rolls=2),
    "everything at once": Build(arms_down=0.6, rolls=4, along_x=True, flags=True, root_bone=True, mode="XZY"),
}


def errors(driven, back, slots=None) -> tuple[float, float]:
    """Largest angle in degrees and distance in millimetres between the joints of what was driven and what was read."""
    kinematics, rot = module("backend.motion.kinematics"), module("backend.motion.rotations")
    (places, turns), (found, turned) = kinematics.pose(driven.motion), kinematics.pose(back)
    names = driven.motion.skeleton.names
    joints = [names.index(s) for s in slots or driven.pose.bone_map.slots if s in names]
    angle = rot.angle_between(turns[:, joints], turned[:, joints]).max()
    return float(np.rad2deg(angle)), 1000.0 * float(np.abs(places[:, joints] - found[:, joints]).max())


def read(driven, start: int = 1):
    frames = range(start, start + len(driven.motion))
    return module("rig.reading.read_motion").read_motion(bpy.context, driven.rig, driven.pose, frames)


def agree(driven, start: int = 1) -> bool:
    degrees, millimetres = errors(driven, read(driven, start))
    return degrees < 0.1 and millimetres < 0.2


@pytest.mark.parametrize("name", BUILDS)
def test_what_was_written_comes_back(scene, name):
    rig, _ = character.make(BUILDS[name])
    driven = drive(rig, BUILDS[name], start=-7, fingers="keep")
    back = read(driven, start=-7)
    degrees, millimetres = errors(driven, back)
    assert degrees < 0.1 and millimetres < 0.2
    assert back.skeleton is driven.pose.skeleton and back.fps == 30


def test_in_centimetres_under_a_turned_parent(scene):
    rig, _ = character.make(Build(scale=50.0))
    rig.data.transform(Matrix.Rotation(-math.pi / 2, 4, "X"))
    rig.rotation_euler = (math.pi / 2, 0, 0)
    parent = bpy.data.objects.new("Parent", None)
    bpy.context.collection.objects.link(parent)
    parent.location, parent.rotation_euler, parent.scale = (300, -200, 40), (0, 0, 2.0), (2, 2, 2)
    rig.parent = parent
    scene.unit_settings.scale_length = 0.01
    bpy.context.view_layer.update()
    assert agree(drive(rig, Build(scale=50.0)))


def test_the_object_itself_carries_the_way(scene):
    rig, _ = character.make()
    assert agree(drive(rig, root="object"))


def test_of_several_bones_in_a_slot_the_carrier_says_how_it_is_turned(scene):
    build = Build(neck_bones=2, spine_bones=5, split=True)
    rig, _ = character.make(build)
    driven = drive(rig, build)
    back = read(driven)
    ends = ("pelvis", "spine3", "head", "left_wrist", "right_wrist", "left_ankle", "right_ankle")
    assert errors(driven, back, ends)[0] < 0.1


def test_a_lacking_slot_is_filled_in(scene):
    build = Build(spine_bones=2)
    rig, _ = character.make(build)
    assert "spine2" not in bone_map(build).slots
    assert agree(drive(rig, build))


def test_contacts_are_told(scene):
    rig, _ = character.make()
    bpy.context.view_layer.update()
    pose = module("rig.reading.read").read_rig(bpy.context, rig, bone_map(PLAIN))
    back = module("rig.reading.read_motion").read_motion(bpy.context, rig, pose, range(1, 4))
    assert back.contacts.all()


def test_through_ik(scene):
    """The arm follows a target that moves; the read joints stand where Blender puts the bones."""
    rig, _ = character.make(Build(rolls=5))
    goal = bpy.data.objects.new("Goal", None)
    scene.collection.objects.link(goal)
    for frame, place in ((1, (0.4, -0.3, 1.2)), (20, (0.3, -0.4, 1.6))):
        goal.location = place
        goal.keyframe_insert("location", frame=frame)
    ik = rig.pose.bones["mixamorig:LeftForeArm"].constraints.new("IK")
    ik.target, ik.chain_count = goal, 2
    pose = module("rig.reading.read").read_rig(bpy.context, rig, bone_map(PLAIN))
    motion = module("rig.reading.read_motion").read_motion(bpy.context, rig, pose, range(1, 21))
    joints = module("backend.motion.kinematics").joint_positions(motion)
    wrist = motion.skeleton.index("left_wrist")
    assert np.ptp(joints[:, wrist], axis=0).max() > 0.2
    for frame in (1, 10, 20):
        scene.frame_set(frame)
        assert np.abs(posed(rig, HAND) - joints[frame - 1, wrist] - [0, pose.floor, 0]).max() < 2e-4


def test_a_stretched_bone_is_read_by_its_direction(scene):
    rig, _ = character.make()
    arm, fore = rig.pose.bones[ARM], rig.pose.bones["mixamorig:LeftForeArm"]
    arm.scale, fore.rotation_quaternion = (1.0, 1.7, 0.6), (0.9, 0.3, 0.2, 0.2)
    bpy.context.view_layer.update()
    pose = module("rig.reading.read").read_rig(bpy.context, rig, bone_map(PLAIN))
    motion = module("rig.reading.read_motion").read_motion(bpy.context, rig, pose, [scene.frame_current])
    joints = module("backend.motion.kinematics").joint_positions(motion)[0]
    elbow, wrist = (joints[motion.skeleton.index(s)] for s in ("left_elbow", "left_wrist"))
    along = posed(rig, HAND) - posed(rig, "mixamorig:LeftForeArm")
    assert np.abs((wrist - elbow) / np.linalg.norm(wrist - elbow) - along / np.linalg.norm(along)).max() < 1e-4


def test_what_the_nla_plays_is_read(scene):
    rig, _ = character.make()
    driven = drive(rig)
    data = rig.animation_data
    strip = data.nla_tracks.new().strips.new("strip", 1, data.action)
    data.action = None
    strip.frame_start, strip.frame_end = 11, 10 + len(driven.motion)
    assert agree(driven, start=11)


def test_calibrated_as_a_t_pose(scene):
    """Whatever the rig's joints look like in its calibration pose: there it holds the canonical T-pose."""
    build = Build(arms_down=0.7, rolls=2)
    rig, _ = character.make(build)
    for side, sign in (("Left", 1), ("Right", -1)):
        bone = rig.pose.bones[f"mixamorig:{side}ForeArm"]
        rest = bone.bone.matrix_local
        bone.matrix = (
            Matrix.Translation(rest.translation) @ Matrix.Rotation(-sign * 0.7, 4, "Y") @ rest.to_3x3().to_4x4()
        )
        bone.location = (0, 0, 0)
    bpy.context.view_layer.update()
    plain = bone_map(build)
    kept = module("rig.bone_maps.calibrate").calibration(bpy.context, rig, plain, t_pose=True)
    pose = module("rig.reading.read").read_rig(bpy.context, rig, replace(plain, calibration=kept))
    motion = module("rig.reading.read_motion").read_motion(bpy.context, rig, pose, [scene.frame_current])
    rot = module("backend.motion.rotations")
    assert np.rad2deg(rot.angle(motion.rotations)).max() < 0.1


@pytest.fixture(scope="module")
def rigify_file(addon, tmp_path_factory):
    path = str(tmp_path_factory.mktemp("rigify") / "basic.blend")
    generated.generate(path, "basic_human")
    return path


@pytest.mark.parametrize("in_fk", [1.0, 0.0])
def test_a_control_rig(scene, rigify_file, in_fk):
    """Limbs are read off the bones that the FK or IK controls move; how spine and neck are twisted, which Rigify shares
    out in its own way below them, off their controls."""
    rig = generated.open_rig(rigify_file)
    generated.switch(rig, IK_FK=in_fk)
    mapped = generated.map_of(rig)
    pose = module("rig.reading.read").read_rig(bpy.context, rig, mapped)
    assert agree(drive(rig, motion=generated.bending(pose.skeleton), bone_map=mapped))


def test_a_control_rig_whose_spine_is_pulled_about(scene, rigify_file):
    """A tweak moves a joint of the spine and turns nothing: the part below it is read as it points now."""
    rig = generated.open_rig(rigify_file)
    mapped = generated.map_of(rig)
    rig.pose.bones["tweak_spine.002"].location = (0.03, 0.0, 0.0)
    bpy.context.view_layer.update()
    pose = module("rig.reading.read").read_rig(bpy.context, rig, mapped)
    back = module("rig.reading.read_motion").read_motion(bpy.context, rig, pose, [1])
    joints = module("backend.motion.kinematics").joint_positions(back)[0]
    names = back.skeleton.names
    got = joints[names.index("spine2")] - joints[names.index("spine1")]
    wanted = posed(rig, "ORG-spine.002") - posed(rig, "ORG-spine.001")
    assert np.linalg.norm(got / np.linalg.norm(got) - wanted / np.linalg.norm(wanted)) < 1e-4


def test_nothing_is_moved(scene):
    """Playhead, unkeyed pose, selection and data stay; the pose that is shown is read though it is not keyed."""
    rig, _ = character.make()
    driven = drive(rig)
    scene.frame_set(9, subframe=0.0)
    rig.pose.bones[ARM].rotation_quaternion = (0.5, 0.5, 0.5, 0.5)
    bpy.context.view_layer.update()
    before = held()
    shown = module("rig.reading.read_motion").read_motion(bpy.context, rig, driven.pose, [9])
    keyed = read(driven)
    assert errors(driven, keyed)[0] < 0.1
    shoulder = keyed.skeleton.index("left_shoulder")
    assert np.abs(shown.rotations[0, shoulder] - keyed.rotations[8, shoulder]).max() > 0.1
    assert tuple(rig.pose.bones[ARM].rotation_quaternion) == (0.5, 0.5, 0.5, 0.5)
    assert scene.frame_current == 9 and bpy.context.active_object == rig
    assert held() == before


@pytest.mark.parametrize(
    "spoil, frames, words",
    [
        (lambda rig: setattr(rig, "hide_viewport", True), range(1, 9), "disabled in viewports"),
        (lambda rig: setattr(rig.data, "pose_position", "REST"), range(1, 9), "rest position"),
        (lambda rig: bpy.ops.object.mode_set(mode="EDIT"), range(1, 9), "Edit Mode"),
        (lambda rig: None, range(5, 5), "0 frames"),
        (lambda rig: None, range(10**7), "10,000,000 frames"),
    ],
)
def test_refusals(scene, spoil, frames, words):
    rig, _ = character.make()
    pose = module("rig.reading.read").read_rig(bpy.context, rig, bone_map(PLAIN))
    spoil(rig)
    with pytest.raises(module("rig.refusal").Refusal, match=words):
        module("rig.reading.read_motion").read_motion(bpy.context, rig, pose, frames)
    assert [s.name for s in bpy.data.scenes] == [scene.name]
