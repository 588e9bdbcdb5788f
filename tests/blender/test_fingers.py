"""Fingers: the motion's, a shape, or those that the animator keyed."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from tests.blender import body_plan, character
from tests.blender.body_plan import Build
from tests.blender.driving import angles, drive, swinging
from tests.blender.measure import module

HANDS = Build(fingers=True, rolls=2)
INDEX = "mixamorig:LeftHandIndex1"


def body_motion(rig):
    """A motion on the body alone, as the models make it."""
    pose = module("rig.reading.read").read_rig(bpy.context, rig, body_plan.bone_map(HANDS))
    return module("backend.motion.hands").without_hands(swinging(pose.skeleton))


def curves(rig, bone: str) -> list:
    found = module("rig.writing.actions").curves_of(rig)
    return sorted((c for c in found if f'"{bone}"' in c.data_path), key=lambda c: (c.data_path, c.array_index))


def keys(curve) -> list:
    return [
        (
            tuple(k.co), tuple(k.handle_left), tuple(k.handle_right), k.handle_left_type, k.handle_right_type,
            k.interpolation, k.easing, k.type, k.back, k.amplitude, k.period,
        )
        for k in curve.keyframe_points
    ]  # fmt: skip


def settings(curve) -> tuple:
    return curve.extrapolation, curve.auto_smoothing, curve.color_mode, tuple(curve.color), curve.mute, curve.lock


def key_finger(rig, bone: str = INDEX) -> None:
    """As an animator does, with everything that a key can have."""
    pb = rig.pose.bones[bone]
    for frame, turn in ((1, 0.1), (10, 0.6), (25, 0.2)):
        pb.rotation_quaternion = (np.cos(turn), np.sin(turn), 0, 0)
        pb.keyframe_insert("rotation_quaternion", frame=frame)
    first, second = curves(rig, bone)[:2]
    first.extrapolation, first.mute = "LINEAR", False
    point = second.keyframe_points[1]
    point.handle_left_type = point.handle_right_type = "FREE"
    point.handle_left, point.handle_right = (7.0, 0.3), (14.0, 0.9)
    point.type, point.interpolation = "BREAKDOWN", "BEZIER"
    third = second.keyframe_points[0]
    third.interpolation, third.easing, third.amplitude, third.period = "ELASTIC", "EASE_IN", 0.7, 3.5
    noise = second.modifiers.new("NOISE")
    noise.strength, noise.scale = 0.25, 7.0
    generator = second.modifiers.new("GENERATOR")
    generator.poly_order, generator.use_additive = 2, True
    generator.coefficients = (0.1, 0.2, 0.3)
    envelope = second.modifiers.new("ENVELOPE")
    envelope.control_points.add(5.0).max = 0.8


def test_a_motion_with_fingers_moves_them(scene):
    rig, _ = character.make(HANDS)
    driven = drive(rig, HANDS)
    found = angles(driven)
    assert "left_index2" in found and max(found.values()) < 0.1


@pytest.mark.parametrize("shape", ["relaxed", "fist", "straight"])
def test_a_motion_without_fingers_gets_the_shape(scene, shape):
    rig, _ = character.make(HANDS)
    motion = body_motion(rig)
    driven = drive(rig, HANDS, motion, fingers=shape)
    shapes = module("backend.motion.finger_shapes")
    driven.motion = shapes.with_fingers(motion, driven.pose.skeleton, shape)
    assert max(angles(driven).values()) < 0.1


def test_keep_leaves_fingers_without_keys(scene):
    rig, _ = character.make(HANDS)
    rig.pose.bones[INDEX].rotation_quaternion = (0.8, 0.6, 0, 0)
    drive(rig, HANDS, body_motion(rig), fingers="keep")
    assert not curves(rig, INDEX)
    scene.frame_set(20)
    assert tuple(rig.pose.bones[INDEX].rotation_quaternion) == pytest.approx((0.8, 0.6, 0, 0))


@pytest.mark.parametrize("own_fingers", [True, False])
def test_fingers_keyed_by_hand_are_taken_over(scene, own_fingers):
    rig, _ = character.make(HANDS)
    key_finger(rig)
    before = [(keys(c), settings(c), c.group and c.group.name) for c in curves(rig, INDEX)]
    old = curves(rig, INDEX)[1].modifiers
    drive(rig, HANDS, None if own_fingers else body_motion(rig))
    after = curves(rig, INDEX)
    assert [(keys(c), settings(c), c.group and c.group.name) for c in after] == before
    noise, generator, envelope = after[1].modifiers
    assert (noise.type, noise.strength, noise.scale) == ("NOISE", 0.25, 7.0)
    assert generator.use_additive and np.allclose(generator.coefficients, (0.1, 0.2, 0.3))
    assert envelope.control_points[0].frame == 5.0 and envelope.control_points[0].max == pytest.approx(0.8)
    assert len(old) == 3
    # the others are ours
    assert len(curves(rig, "mixamorig:LeftHandIndex2")[0].keyframe_points) == 60


def test_our_own_finger_keys_are_replaced_and_edited_ones_kept(scene, tmp_path):
    rig, _ = character.make(HANDS)
    motion = body_motion(rig)
    drive(rig, HANDS, motion, fingers="fist")
    other = "mixamorig:RightHandRing2"
    curve = curves(rig, other)[1]
    curve.keyframe_points[10].co[1] += 0.05  # Blender leaves its type as it was
    curve.update()
    edited = keys(curve)
    # whether they are ours is still known in a saved file
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "hands.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "hands.blend"))
    rig = bpy.data.objects["Rig"]
    fist = keys(curves(rig, INDEX)[1])
    drive(rig, HANDS, motion, fingers="straight")
    assert keys(curves(rig, INDEX)[1]) != fist
    assert keys(curves(rig, other)[1]) == edited


def test_keyed_controls_of_fingers_are_taken_over(scene):
    """As on a control rig: the slot's own bone follows a control, and that is what the animator keys."""
    rig, _ = character.make(HANDS)
    control = "mixamorig:LeftHandIndex1"
    bpy.ops.object.mode_set(mode="EDIT")
    bones = rig.data.edit_bones
    own = bones.new("ORG-index")
    own.head, own.tail, own.parent = bones[control].head, bones[control].tail, bones[control].parent
    bpy.ops.object.mode_set(mode="OBJECT")
    copy = rig.pose.bones["ORG-index"].constraints.new("COPY_TRANSFORMS")
    copy.target, copy.subtarget = rig, control
    maps, plain = module("backend.motion.bone_map"), body_plan.bone_map(HANDS)
    slots = plain.slots | {"left_index1": ("ORG-index",)}
    bone_map = maps.BoneMap("controls", slots, {"left_index1": maps.Controls(fk=(control,))})
    key_finger(rig)
    before = [(keys(c), settings(c)) for c in curves(rig, control)]
    drive(rig, HANDS, body_motion(rig), bone_map)
    assert [(keys(c), settings(c)) for c in curves(rig, control)] == before
    assert not curves(rig, "ORG-index")
    assert len(curves(rig, "mixamorig:LeftHandIndex2")[0].keyframe_points) == 60
