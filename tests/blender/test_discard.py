"""Discard: the rig as it was before the last take."""

from __future__ import annotations

import json

import bpy
import numpy as np
import pytest

from tests.blender import character
from tests.blender.body_plan import Build
from tests.blender.driving import drive, with_switch
from tests.blender.measure import module, posed

HEAD, HIPS, SPINE = "mixamorig:Head", "mixamorig:Hips", "mixamorig:Spine1"


def key_by_hand(rig) -> bpy.types.Action:
    bone = rig.pose.bones[SPINE]
    for frame, turn in ((1, 0.0), (20, 0.3)):
        bone.rotation_quaternion = (np.cos(turn), np.sin(turn), 0, 0)
        bone.keyframe_insert("rotation_quaternion", frame=frame)
    bpy.context.scene.frame_set(1)
    return rig.animation_data.action


def pose_by_hand(rig) -> None:
    rig.pose.bones["mixamorig:LeftArm"].rotation_quaternion = (0.9, 0.1, 0.2, 0.3)
    rig.pose.bones[HIPS].location = (0.1, 0.2, 0.3)
    bpy.context.view_layer.update()


def state_of(rig) -> tuple[np.ndarray, dict]:
    """Where the bones are, now and at two frames; which actions and tracks there are."""
    scene, data = bpy.context.scene, rig.animation_data
    places = []
    for frame in (scene.frame_current, 1, 12, 1):
        if frame != scene.frame_current:
            scene.frame_set(frame)
        places.append([posed(rig, b.name) for b in rig.pose.bones])
    action = data.action if data else None
    slot = getattr(data, "action_slot", None) if action else None
    return np.array(places), {
        "action": action and (action.name, action.use_fake_user, slot and slot.identifier),
        "tracks": [t.name for t in data.nla_tracks] if data else [],
        "actions": sorted(a.name for a in bpy.data.actions),
    }


def same(a: tuple, b: tuple) -> bool:
    return a[1] == b[1] and np.allclose(a[0], b[0], atol=1e-6)


def discard() -> str:
    try:
        assert bpy.ops.posewright.discard("EXEC_DEFAULT", True) == {"FINISHED"}
    except RuntimeError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("keyed", [True, False])
@pytest.mark.parametrize("root", ["hips", "object"])
def test_all_is_as_before(scene, state, backend, generate, keyed, root):
    rig, _ = character.make()
    if keyed:
        key_by_hand(rig)
    pose_by_hand(rig)
    scene.posewright.root = root
    before = state_of(rig)
    backend()
    assert not generate()
    scene.frame_set(30)
    assert not same(state_of(rig), before)
    assert not discard()
    assert same(state_of(rig), before)
    assert not scene.posewright.before and "as it was before" in state.message
    assert not bpy.ops.posewright.discard.poll()


def test_at_another_frame(scene, state, backend, generate):
    """What was keyed follows the playhead, what was only posed comes back."""
    rig, _ = character.make()
    key_by_hand(rig)
    pose_by_hand(rig)
    before = state_of(rig)
    backend()
    assert not generate()
    scene.frame_set(17)
    assert not discard()
    assert rig.pose.bones[SPINE].rotation_quaternion[1] > 0.1
    scene.frame_set(1)
    assert same(state_of(rig), before)


def test_after_saving_and_opening_the_file(scene, state, backend, generate, tmp_path):
    rig, _ = character.make()
    key_by_hand(rig)
    pose_by_hand(rig)
    before = state_of(rig)
    backend()
    assert not generate()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "take.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "take.blend"))
    assert not discard()
    assert same(state_of(bpy.data.objects["Rig"]), before)


def test_it_is_one_undo_step(scene, state, backend, generate):
    rig, _ = character.make()
    key_by_hand(rig)
    name = rig.name
    backend()
    bpy.ops.ed.undo_push(message="before")
    assert not generate()
    taken = state_of(rig)
    bpy.ops.ed.undo_push(message="looked at")
    assert not discard()
    bpy.ops.ed.undo()
    rig = bpy.data.objects[name]
    assert same(state_of(rig), taken)
    assert bpy.context.scene.posewright.before


def test_the_second_take_gives_the_first_one_back(scene, state, backend, generate):
    rig, _ = character.make()
    backend()
    assert not generate(seed=1)
    first = state_of(rig)
    assert not generate(seed=2)
    assert not discard()
    assert same(state_of(rig), first)


def test_each_rig_has_its_own(scene, state, backend, generate, tmp_path):
    first, _ = character.make(name="First")
    key_by_hand(first)
    before = state_of(first)
    backend()
    assert not generate()
    second, _ = character.make(name="Second")
    assert not bpy.ops.posewright.discard.poll()
    assert not generate()
    taken = second.animation_data.action.name
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "two.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "two.blend"))
    first, second = bpy.data.objects["First"], bpy.data.objects["Second"]
    saved = bpy.context.scene.posewright
    character.select(first)
    assert not discard()
    assert np.allclose(state_of(first)[0], before[0], atol=1e-6)
    assert not bpy.ops.posewright.discard.poll()
    assert second.animation_data.action.name == taken and saved.report  # which is of the second
    character.select(second)
    assert not discard()
    assert second.animation_data is None and not saved.report and not saved.before


def test_records_of_deleted_rigs_go(scene, state, backend, generate):
    first, _ = character.make(name="First")
    backend()
    assert not generate()
    bpy.ops.object.delete()
    second, _ = character.make(name="Second")
    assert not generate()
    assert [entry.rig for entry in scene.posewright.before] == [second]


def test_a_take_that_is_used_elsewhere_stays_in_the_file(scene, state, backend, generate):
    rig, _ = character.make()
    backend()
    assert not generate()
    take = rig.animation_data.action
    take.use_fake_user = True
    assert not discard()
    assert rig.animation_data is None and list(bpy.data.actions) == [take]


@pytest.mark.parametrize("keyed", [True, False])
@pytest.mark.parametrize("bone", [SPINE, "mixamorig:LeftArm"])
def test_keys_that_the_animator_set_on_the_take_are_not_lost(scene, state, backend, generate, keyed, bone):
    rig, _ = character.make()
    if keyed:
        key_by_hand(rig)
    before = state_of(rig)
    backend()
    assert not generate()
    take = rig.animation_data.action
    rig.pose.bones[bone].rotation_quaternion = (0.6, 0.8, 0.0, 0.0)
    rig.pose.bones[bone].keyframe_insert("rotation_quaternion", frame=12)
    keys = [tuple(k.co) for c in module("rig.writing.actions").curves_of(rig) for k in c.keyframe_points]
    assert not discard()
    assert take.use_fake_user and "keys that you set" in state.message and take.name in state.message
    after = state_of(rig)
    assert np.allclose(after[0], before[0], atol=1e-6) and after[1]["action"] == before[1]["action"]
    rig.animation_data_create().action = take
    if hasattr(take, "slots"):
        rig.animation_data.action_slot = take.slots[0]
    assert [tuple(k.co) for c in module("rig.writing.actions").curves_of(rig) for k in c.keyframe_points] == keys


def test_fingers_taken_over_from_the_old_action_do_not_keep_the_take(scene):
    """Their keys are the animator's, but the old action has them still."""
    build = Build(fingers=True)
    rig, _ = character.make(build)
    rig.pose.bones["mixamorig:LeftHandIndex1"].keyframe_insert("rotation_quaternion", frame=3)
    old = rig.animation_data.action
    driven = drive(rig, build)
    assert "was discarded" in module("rig.writing.discard").discard(bpy.context, rig, driven.applied.before)
    assert list(bpy.data.actions) == [old]


def test_what_cannot_come_back_is_refused(scene, state, backend, generate):
    rig, _ = character.make()
    old = key_by_hand(rig)
    backend()
    assert not generate()
    taken, name = state_of(rig), old.name
    old.name = "Renamed"
    assert f"'{name}'" in discard() and "Nothing was changed" in state.message
    old.name = name
    assert same(state_of(rig), taken)
    rig.animation_data.action = None
    assert "not the action of 'Rig' any more" in discard()


def test_an_unreadable_record_is_refused(scene, state, backend, generate):
    character.make()
    backend()
    assert not generate()
    (entry,) = scene.posewright.before
    hostile = json.loads(entry.json)
    hostile["values"] = {"name": ["x"]}
    for text in ("{", "[]", "3", '{"take": "x"}', json.dumps(hostile)):
        entry.json = text
        assert "cannot be read" in discard()


def test_the_rig_is_gone_or_in_edit_mode(scene, state, backend, generate):
    rig, _ = character.make()
    backend()
    assert not generate()
    bpy.ops.object.mode_set(mode="EDIT")
    assert "Edit Mode" in discard()
    bpy.ops.object.mode_set(mode="OBJECT")
    bpy.data.objects.remove(rig)
    assert not bpy.ops.posewright.discard.poll()
    another, _ = character.make()
    assert not generate()
    assert [entry.rig for entry in scene.posewright.before] == [another]


def test_renamed_bones_do_not_stop_it(scene, state, backend, generate):
    rig, _ = character.make()
    pose_by_hand(rig)
    backend()
    assert not generate()
    rig.data.bones["mixamorig:LeftArm"].name = "Upper Arm"
    assert not discard()
    assert rig.animation_data is None


def test_switches_come_back(scene):
    rig, _ = character.make()
    bone = rig.pose.bones[HEAD]
    bone["IK_FK"] = 0.25
    driven = drive(rig, bone_map=with_switch(HEAD, "IK_FK"))
    assert bone["IK_FK"] == 1.0
    record = module("rig.writing.discard").Before.from_json(driven.applied.before.to_json())
    module("rig.writing.discard").discard(bpy.context, rig, record)
    assert bone["IK_FK"] == 0.25 and rig.animation_data is None
