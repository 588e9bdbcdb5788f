"""The animator's other animation goes on in the new action; earlier takes stay, or go as a whole."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from tests.blender import body_plan, character
from tests.blender.body_plan import Build
from tests.blender.driving import drive, swinging, with_switch
from tests.blender.measure import module

ARM, HEAD, HIPS, SPINE = "mixamorig:LeftArm", "mixamorig:Head", "mixamorig:Hips", "mixamorig:Spine1"
EULER = Build(mode="XYZ")
BEFORE, AFTER = np.linspace(-20.0, 5.0, 60), np.linspace(200.0, 230.0, 60)


def curves(rig) -> dict[tuple[str, int], bpy.types.FCurve]:
    return {(c.data_path, c.array_index): c for c in module("rig.writing.actions").curves_of(rig)}


def turn_of(bone: str) -> tuple[str, int]:
    """A channel of a bone of ``EULER``."""
    return f'pose.bones["{bone}"].rotation_euler', 0


def key(rig, bone: str, **at: float) -> None:
    """Angles at frames, named ``f<frame>``."""
    pb = rig.pose.bones[bone]
    for frame, angle in at.items():
        pb.rotation_euler = (angle, 0.1, 0.2)
        pb.keyframe_insert("rotation_euler", frame=float(frame[1:]))


def keys(curve, kinds=None) -> list:
    return [
        (
            tuple(k.co), tuple(k.handle_left), tuple(k.handle_right), k.handle_left_type, k.handle_right_type,
            k.interpolation, k.easing, k.type, k.back, k.amplitude, k.period,
        )
        for k in curve.keyframe_points
        if kinds is None or k.type in kinds
    ]  # fmt: skip


def frames(curve) -> list[float]:
    return [k.co[0] for k in curve.keyframe_points]


def values(curve, at) -> list[float]:
    return [curve.evaluate(frame) for frame in at]


def take(rig, start: int, length: int = 60, **options):
    """A take of ``length`` frames from ``start``."""
    pose = module("rig.reading.read").read_rig(bpy.context, rig, body_plan.bone_map(EULER))
    return drive(rig, EULER, swinging(pose.skeleton, length), start=start, **options)


@pytest.fixture
def rig(scene):
    """Head keyed around the span of a take from frame 50, and the object moved."""
    rig, _ = character.make(EULER)
    key(rig, HEAD, f1=0.1, f5=0.4, f200=-0.3, f210=0.2, f230=0.25)
    for frame, x in ((1, 0.0), (20, 2.0)):
        rig.location.x = x
        rig.keyframe_insert("location", frame=frame)
    point = curves(rig)[turn_of(HEAD)].keyframe_points[1]
    point.interpolation, point.easing, point.amplitude, point.type = "ELASTIC", "EASE_IN", 0.7, "EXTREME"
    point = curves(rig)[turn_of(HEAD)].keyframe_points[2]
    point.interpolation, point.handle_right_type, point.handle_right = "BEZIER", "FREE", (203.0, 0.9)
    scene.frame_set(50)
    return rig


def test_what_lies_outside_stays_to_the_bit(rig):
    head, place = curves(rig)[turn_of(HEAD)], curves(rig)["location", 0]
    kept, moved = keys(head), keys(place)
    plays = [values(head, at) for at in (BEFORE, AFTER)]
    take(rig, 50)
    head, place = curves(rig)[turn_of(HEAD)], curves(rig)["location", 0]
    assert keys(place) == moved
    assert keys(head, ("KEYFRAME", "EXTREME")) == kept
    assert [values(head, at) for at in (BEFORE, AFTER)] == plays
    assert frames(head) == [1, 5, *range(50, 110), 200, 210, 230]
    assert {k.interpolation for k in head.keyframe_points[2:61]} == {"LINEAR"}
    last, following = head.keyframe_points[61:63]
    assert last.interpolation == following.interpolation == "BEZIER"
    bpy.context.scene.frame_set(3)
    assert rig.location.x == pytest.approx(place.evaluate(3)) and rig.location.x > 0.01


def test_keys_inside_are_replaced(rig):
    key(rig, HEAD, f60=1.0, f70=1.5)
    take(rig, 50)
    head = curves(rig)[turn_of(HEAD)]
    assert frames(head) == [1, 5, *range(50, 110), 200, 210, 230]
    assert {k.type for k in head.keyframe_points[2:62]} == {"GENERATED"}


def test_the_motion_is_the_same_as_without_the_animators_keys(rig):
    plain, _ = character.make(EULER, "Plain")
    plain.location.x = 2.0
    alone, beside = curves(take(plain, 50).rig), curves(take(rig, 50).rig)
    for channel, curve in alone.items():
        assert np.allclose(values(beside[channel], range(50, 110)), values(curve, range(50, 110)), atol=1e-6)


def test_an_earlier_take_stays_beside_the_next(rig):
    take(rig, 50)
    first = {channel: values(curve, range(50, 110)) for channel, curve in curves(rig).items()}
    take(rig, 120, 30)
    assert {channel: values(curve, range(50, 110)) for channel, curve in curves(rig).items()} == first
    assert frames(curves(rig)[turn_of(HEAD)]) == [1, 5, *range(50, 110), *range(120, 150), 200, 210, 230]
    # all of it is still known as ours, and none of it is a key pose
    keyed = module("rig.reading.keyed").keyed_frames(rig, body_plan.bone_map(EULER))
    assert keyed == [1, 5, 200, 210, 230]


def test_of_an_overlapped_take_nothing_stays(rig):
    take(rig, 20, 20)
    take(rig, 50, root="object")
    take(rig, 45, 30)
    assert frames(curves(rig)[turn_of(HEAD)]) == [1, 5, *range(20, 40), *range(45, 75), 200, 210, 230]
    assert frames(curves(rig)[turn_of(SPINE)]) == [*range(20, 40), *range(45, 75)]
    assert ("location", 1) not in curves(rig) or frames(curves(rig)["location", 1]) == [1, 20]


def test_a_key_that_was_changed_stays_with_its_neighbours_of_the_same_frame(rig):
    take(rig, 50)
    arm = curves(rig)[turn_of(ARM)]
    arm.keyframe_points[3].co[1] += 0.2
    arm.update()
    take(rig, 60)
    for index in range(3):
        assert frames(curves(rig)[turn_of(ARM)[0], index]) == [53, *range(60, 120)]


def test_switches_of_an_overlapped_take_go_with_it(scene):
    rig, _ = character.make()
    rig.pose.bones[HEAD]["IK_FK"] = 0.0
    driven = drive(rig, bone_map=with_switch(HEAD, "IK_FK"))
    path = f'pose.bones["{HEAD}"]["IK_FK"]'
    assert frames(curves(rig)[path, 0]) == [1, 60]
    for start, keyed in ((100, [1, 60, 100, 159]), (40, [40, 99, 100, 159]), (90, [90, 149])):
        module("rig.writing.write").apply_motion(bpy.context, rig, driven.pose, driven.motion, start, "again")
        assert frames(curves(rig)[path, 0]) == keyed
    assert {k.interpolation for k in curves(rig)[path, 0].keyframe_points} == {"CONSTANT"}


def test_only_this_object(rig, scene):
    if bpy.app.version < (4, 4, 0):
        pytest.skip("an action of this Blender holds one object alone")
    other = bpy.data.objects.new("Prop", None)
    scene.collection.objects.link(other)
    other.animation_data_create().action = rig.animation_data.action
    other.keyframe_insert("scale", frame=7)
    assert len(rig.animation_data.action.slots) == 2
    take(rig, 50)
    assert len(rig.animation_data.action.slots) == 1
    assert not any("scale" in path for path, _ in curves(rig))


def test_modifiers_and_extrapolation(rig):
    channels = curves(rig)
    head, place = channels[turn_of(HEAD)], channels["location", 0]
    place.modifiers.new("CYCLES")
    place.extrapolation = "LINEAR"
    late = head.modifiers.new("NOISE")
    late.use_restricted_range, late.frame_start, late.frame_end = True, 150, 190
    late.strength = 0.5
    head.extrapolation = "LINEAR"
    assert not take(rig, 50).applied.warnings
    channels = curves(rig)
    assert [m.type for m in channels["location", 0].modifiers] == ["CYCLES"]
    assert channels["location", 0].extrapolation == channels[turn_of(HEAD)].extrapolation == "LINEAR"
    assert [m.strength for m in channels[turn_of(HEAD)].modifiers] == [0.5]


def test_what_would_change_the_motion_is_left_out_and_told(rig):
    key(rig, ARM, f1=0.2, f9=0.4)
    curves(rig)[turn_of(HEAD)].modifiers.new("CYCLES")
    curves(rig)[turn_of(ARM)].extrapolation = "LINEAR"
    old = rig.animation_data.action.name
    (warning,) = take(rig, 50).applied.warnings
    assert HEAD in warning and ARM in warning and f"'{old}'" in warning and SPINE not in warning
    assert not curves(rig)[turn_of(HEAD)].modifiers
    assert curves(rig)[turn_of(ARM)].extrapolation == "CONSTANT"


def test_baked_curves_go_on_as_keys(rig):
    for channel in (turn_of(HEAD), ("location", 0)):
        curves(rig)[channel].convert_to_samples(1, 211)
    plays = [values(curves(rig)[channel], range(50)) for channel in (turn_of(HEAD), ("location", 0))]
    take(rig, 50)
    found = [values(curves(rig)[channel], range(50)) for channel in (turn_of(HEAD), ("location", 0))]
    assert np.allclose(found, plays, atol=1e-6)
    assert frames(curves(rig)[turn_of(HEAD)]) == list(range(1, 211))


def test_what_was_muted_does_not_start_to_play(rig):
    curves(rig)[turn_of(HEAD)].mute = curves(rig)["location", 0].mute = True
    take(rig, 50)
    assert frames(curves(rig)[turn_of(HEAD)]) == [*range(50, 110)] and not curves(rig)[turn_of(HEAD)].mute
    assert frames(curves(rig)["location", 0]) == [1, 20] and curves(rig)["location", 0].mute


def test_the_old_action_is_not_touched(rig):
    old = rig.animation_data.action
    held = {channel: keys(curve) for channel, curve in curves(rig).items()}
    driven = take(rig, 50)
    module("rig.writing.discard").discard(bpy.context, rig, driven.applied.before)
    assert rig.animation_data.action == old
    assert {channel: keys(curve) for channel, curve in curves(rig).items()} == held


def test_keys_on_what_the_motion_hangs_on_are_told(scene):
    rig, _ = character.make(Build(root_bone=True))
    for frame, x in ((1, 0.0), (40, 1.0)):
        rig.pose.bones["Root"].location.x = x
        rig.pose.bones["Root"].keyframe_insert("location", frame=frame)
    driven = drive(rig, Build(root_bone=True))
    assert any(w.startswith("Keys on Root go on acting") for w in driven.applied.warnings), driven.applied.warnings
