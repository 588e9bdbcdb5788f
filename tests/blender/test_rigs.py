"""The same character bound in every way a rig may be: the posed bones stay on the Motion's own kinematics."""

from __future__ import annotations

import json
import math

import bpy
import numpy as np
import pytest
from mathutils import Matrix

from tests.blender import character
from tests.blender.character import Build
from tests.blender.measure import deviation, module, posed

ARMS = 0.8  # radians below the T-pose

BUILDS = {
    "t-pose": Build(),
    "a-pose": Build(arms_down=ARMS),
    "random rolls": Build(rolls=7),
    "bones along x": Build(along_x=True),
    "everything at once": Build(arms_down=ARMS, rolls=3, along_x=True, flags=True, root_bone=True, mode="ZYX"),
    "no prefix": Build(prefix=""),
    "root bone": Build(root_bone=True),
    "inheritance flags": Build(flags=True, rolls=1),
}


@pytest.mark.parametrize("name", BUILDS)
def test_bound_in_any_way(scene, state, backend, generate, name):
    rig, _ = character.make(BUILDS[name])
    backend()
    assert not generate()
    assert deviation(rig, state.result) < 1e-3


@pytest.mark.parametrize("mode", ["XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX", "AXIS_ANGLE", "QUATERNION"])
def test_every_rotation_mode_without_jumps(scene, state, backend, generate, mode):
    rig, _ = character.make(Build(mode=mode, rolls=2))
    backend()
    assert not generate(seconds=4.0)
    assert deviation(rig, state.result, range(120)) < 1e-3
    for curve in module("rig.writing.actions").curves_of(rig):
        if "rotation" in curve.data_path:
            values = np.array([k.co[1] for k in curve.keyframe_points])
            # between frames too: at most a third of a turn, where a missed unwrap is a half or a whole one
            assert np.abs(np.diff(values)).max() < 2.1, curve.data_path


def test_half_frames_lie_between_the_whole_ones(scene, state, backend, generate):
    rig, _ = character.make(Build(mode="XYZ"))
    backend()
    assert not generate()
    hand = "mixamorig:LeftHand"
    for t in (10, 25, 40):
        scene.frame_set(t)
        a = posed(rig, hand)
        scene.frame_set(t + 1)
        b = posed(rig, hand)
        scene.frame_set(t, subframe=0.5)
        assert np.linalg.norm(posed(rig, hand) - (a + b) / 2) < 0.01


def test_centimetres_by_object_scale(scene, state, backend, generate):
    rig, _ = character.make(Build(scale=100.0))
    rig.scale = (0.01, 0.01, 0.01)
    backend()
    assert not generate()
    assert state.result.order.pose.points["left_knee"][1] == pytest.approx(0.52, abs=0.01)
    assert deviation(rig, state.result) < 1e-3


def test_centimetres_by_scene_unit(scene, state, backend, generate):
    rig, _ = character.make(Build(scale=100.0))
    scene.unit_settings.scale_length = 0.01
    backend()
    assert not generate()
    assert state.result.order.pose.points["left_knee"][1] == pytest.approx(0.52, abs=0.01)
    assert deviation(rig, state.result) < 1e-3


def test_object_turned_as_by_an_fbx_import_under_a_parent(scene, state, backend, generate):
    rig, _ = character.make()
    # bones with Y up in the armature, stood up again by the object
    rig.data.transform(Matrix.Rotation(-math.pi / 2, 4, "X"))
    rig.rotation_euler = (math.pi / 2, 0, 0)
    parent = bpy.data.objects.new("Parent", None)
    bpy.context.collection.objects.link(parent)
    parent.location, parent.rotation_euler, parent.scale = (5, -2, 0), (0, 0, 2.0), (2, 2, 2)
    rig.parent = parent
    bpy.context.view_layer.update()
    backend()
    assert not generate()
    assert deviation(rig, state.result) < 1e-3
    assert state.result.order.pose.heading == pytest.approx(2.0, abs=1e-4)


def test_a_rig_without_collars_toes_and_upper_spine(scene, state, backend, generate):
    rig, _ = character.make()
    bpy.ops.object.mode_set(mode="EDIT")
    bones = rig.data.edit_bones
    for name in ("LeftShoulder", "RightShoulder", "LeftToeBase", "RightToeBase", "Spine2"):
        gone = bones["mixamorig:" + name]
        for child in list(gone.children):
            child.parent = gone.parent
        bones.remove(gone)
    bpy.ops.object.mode_set(mode="OBJECT")
    backend()
    assert not generate()
    assert len(module("rig.writing.actions").curves_of(rig)) == 17 * 4 + 3
    assert deviation(rig, state.result) < 1e-3


def test_limbs_that_hang_beside_the_hips(scene, state, backend, generate):
    """Spine and legs under a root bone of their own: they get location keys and stay on the Motion all the same."""
    rig, _ = character.make(Build(root_bone=True))
    bpy.ops.object.mode_set(mode="EDIT")
    for name in ("Spine", "LeftUpLeg", "RightUpLeg"):
        rig.data.edit_bones["mixamorig:" + name].parent = rig.data.edit_bones["Root"]
    bpy.ops.object.mode_set(mode="OBJECT")
    backend()
    assert not generate()
    assert deviation(rig, state.result) < 1e-3


def test_collars_that_hang_on_the_neck(scene, state, backend, generate):
    """As a Biped's do: the shoulders stay where they are when the head nods."""
    rig, _ = character.make()
    bpy.ops.object.mode_set(mode="EDIT")
    for name in ("LeftShoulder", "RightShoulder"):
        rig.data.edit_bones["mixamorig:" + name].parent = rig.data.edit_bones["mixamorig:Neck"]
    bpy.ops.object.mode_set(mode="OBJECT")
    backend()
    assert not generate()
    assert deviation(rig, state.result) < 1e-3


def test_leftover_offsets_do_not_disturb(scene, state, backend, generate):
    rig, _ = character.make()
    rig.pose.bones["mixamorig:LeftForeArm"].location = (0.1, 0.2, 0.3)
    rig.pose.bones["mixamorig:Spine1"].rotation_quaternion = (0.9, 0.1, 0.2, 0.3)
    backend()
    assert not generate()
    assert deviation(rig, state.result) < 1e-3


def test_unmapped_bones_keep_their_place_on_their_parent(scene, state, backend, generate):
    rig, _ = character.make()
    bpy.ops.object.mode_set(mode="EDIT")
    prop = rig.data.edit_bones.new("Sword")
    prop.head, prop.tail = (0.8, 0, 1.4), (0.8, 0, 2.0)
    prop.parent = rig.data.edit_bones["mixamorig:LeftHand"]
    bpy.ops.object.mode_set(mode="OBJECT")
    backend()
    assert not generate()
    rest = (rig.data.bones["Sword"].head_local - rig.data.bones["mixamorig:LeftHand"].head_local).length
    scene.frame_set(40)
    between = rig.pose.bones["Sword"].head - rig.pose.bones["mixamorig:LeftHand"].head
    assert between.length == pytest.approx(rest, abs=1e-4)
    assert not any("Sword" in c.data_path for c in module("rig.writing.actions").curves_of(rig))


def test_constraints_are_named_in_the_report(scene, state, backend, generate):
    rig, _ = character.make()
    rig.pose.bones["mixamorig:LeftHand"].constraints.new("LIMIT_ROTATION")
    backend()
    assert not generate()
    assert "mixamorig:LeftHand" in scene.posewright.report


def test_what_else_acts_on_the_rig_is_named_in_the_report(scene, state, backend, generate):
    rig, _ = character.make()
    rig.keyframe_insert("location", frame=1)
    data = rig.animation_data
    data.nla_tracks.new().strips.new("strip", 1, data.action)
    data.action = None
    data.action_influence = 0.5
    rig.data.pose_position = "REST"
    rig.constraints.new("LIMIT_LOCATION")
    backend()
    assert not generate()
    warnings = json.loads(scene.posewright.report)["warnings"]
    for words in ("Constraints on 'Rig'", "rest position", "influence", "NLA tracks"):
        assert any(words in w for w in warnings), words
