"""From the prompt to a keyed rig through the add-on's own operator, in one undo step."""

from __future__ import annotations

import json
import math
import os

import bpy
import numpy as np
import pytest

from tests.blender import character
from tests.blender.measure import deviation, module, posed


def snapshot(action, rig) -> list:
    curves = module("rig.writing.actions").curves_of(rig)
    assert rig.animation_data.action == action
    return [(c.data_path, c.array_index, [tuple(k.co) for k in c.keyframe_points]) for c in curves]


def key_by_hand(rig) -> bpy.types.Action:
    bone = rig.pose.bones["mixamorig:Head"]
    for frame, turn in ((1, 0.0), (20, 0.3)):
        bone.rotation_quaternion = (math.cos(turn), math.sin(turn), 0, 0)
        bone.keyframe_insert("rotation_quaternion", frame=frame)
    return rig.animation_data.action


def test_a_prompt_becomes_an_action(scene, state, backend, generate):
    rig, _ = character.make()
    backend()
    scene.frame_set(11)
    assert not generate(prompt="a person walks forward", seed=5)
    action = rig.animation_data.action
    assert action.name == "PW a person walks forward"
    curves = module("rig.writing.actions").curves_of(rig)
    assert len(curves) == 22 * 4 + 3
    assert {c.group.name for c in curves} == {b.name for b in rig.data.bones}
    for curve in curves:
        frames = [k.co[0] for k in curve.keyframe_points]
        assert frames == list(range(11, 71)), curve.data_path
        assert {k.type for k in curve.keyframe_points} == {"GENERATED"}
        assert {k.interpolation for k in curve.keyframe_points} == {"LINEAR"}
    report = json.loads(scene.posewright.report)
    assert (report["seed"], report["start"], report["end"], report["action"]) == (5, 11, 70, action.name)
    assert scene.posewright.rig == rig and scene.posewright.schema == 1
    assert scene.frame_current == 11


def test_posed_bones_are_where_the_motions_joints_are(scene, state, backend, generate):
    rig, _ = character.make()
    backend()
    assert not generate()
    assert deviation(rig, state.result) < 1e-3


def test_the_skin_follows(scene, state, backend, generate):
    rig, body = character.make()
    backend()
    assert not generate()
    scene.frame_set(1 + 59)
    mesh = body.evaluated_get(bpy.context.evaluated_depsgraph_get()).to_mesh()
    points = np.array([body.matrix_world @ v.co for v in mesh.vertices])
    heads = np.array([rig.matrix_world @ b.head for b in rig.pose.bones])
    centres = points.reshape(-1, 4, 3).mean(1)
    assert np.abs(centres - heads).max() < 1e-3
    assert heads[0, 1] < -1.5  # walked 2 m along -Y, where the character faces


def test_several_takes_and_the_chosen_one(scene, state, backend, generate):
    rig, _ = character.make()
    backend()
    assert not generate(takes=3)
    assert len(state.result.takes) == 3 and state.result.report.chosen == 2
    assert deviation(rig, state.result) < 1e-3
    assert json.loads(scene.posewright.report)["reason"] == "the last one is as good as any"
    assert bpy.ops.posewright.apply_take(take=0) == {"FINISHED"}
    report = json.loads(scene.posewright.report)
    assert report["take"] == 0 and report["reason"] == "chosen by hand; take 3 fits the prompt best"
    assert report["foot_slide"] != 1.5  # of the take that was applied, not of the chosen one


@pytest.mark.parametrize("rate", [(24, 1.0), (24, 1.001), (60, 1.0)])
def test_the_scenes_frame_rate(scene, state, backend, generate, rate):
    rig, _ = character.make()
    scene.render.fps, scene.render.fps_base = rate
    backend()
    assert not generate(seconds=2.0)
    curve = module("rig.writing.actions").curves_of(rig)[0]
    assert len(curve.keyframe_points) == round(2.0 * rate[0] / rate[1])


@pytest.mark.parametrize("rate", [(24, 1.0), (30, 1.001), (60, 1.0)])
def test_another_frame_rate_meanwhile(scene, state, backend, timers, press, rate):
    """The motion keeps its seconds: its frames are those of the scene as it is now."""
    rig, _ = character.make()
    backend()
    press(seconds=2.0)
    scene.render.fps, scene.render.fps_base = rate
    assert timers.pump()
    assert not state.failed
    fps = rate[0] / rate[1]
    report = json.loads(scene.posewright.report)
    assert report["fps"][0] / report["fps"][1] == pytest.approx(fps)
    assert report["end"] - report["start"] + 1 == report["frames"] == round(2.0 * fps)
    assert {len(c.keyframe_points) for c in module("rig.writing.actions").curves_of(rig)} == {round(2.0 * fps)}
    motion = state.result.takes[0]
    expected = module("backend.motion.kinematics").joint_positions(motion)
    for t in (0, 12, 30):  # of the motion, at its 30 frames a second
        at = 1 + t / 30 * fps
        scene.frame_set(int(at), subframe=at % 1)
        goal = expected[t, 0] + [0.0, state.result.order.pose.floor, 0.0]
        assert np.linalg.norm(posed(rig, "mixamorig:Hips") - goal) < 1e-3


def test_starts_where_the_rig_stands_and_faces(scene, state, backend, generate):
    rig, _ = character.make(character.Build(root_bone=True))
    rig.location = (3, 1, 0.5)
    rig.rotation_euler = (0, 0, 0.7)
    root = rig.pose.bones["Root"]
    root.location = (0.5, 0, 0)
    root.rotation_mode = "XYZ"
    root.rotation_euler = (0, 0, 0.3)
    hips = rig.pose.bones["mixamorig:Hips"]
    hips.location = (0.2, 0.0, 0.1)
    bpy.context.view_layer.update()
    before = {b.name: posed(rig, b.name) for b in rig.pose.bones}
    backend()
    assert not generate()
    assert deviation(rig, state.result) < 1e-3
    scene.frame_set(1)
    after = {b.name: posed(rig, b.name) for b in rig.pose.bones}
    # the first frame of the fake walk stands upright: the lift of the hips is gone, and the lean of this rig's rest
    assert np.linalg.norm((before["mixamorig:Hips"] - after["mixamorig:Hips"])[[0, 2]]) < 1e-3
    for name in before:
        assert np.linalg.norm((before[name] - after[name])[[0, 2]]) < 0.03, name
    assert state.result.order.pose.floor == pytest.approx(0.5 + 0.03, abs=1e-4)


def test_one_undo_and_redo(scene, state, backend, generate, timers):
    rig, _ = character.make()
    old = key_by_hand(rig)
    name, old_name = rig.name, old.name
    backend()
    bpy.ops.ed.undo_push(message="before")
    for key, value in {"prompt": "a person walks", "seconds": 2.0, "takes": 1}.items():
        setattr(scene.posewright, key, value)
    bpy.ops.ed.undo_push(message="prompt")
    assert not generate()
    written = snapshot(rig.animation_data.action, rig)

    bpy.ops.ed.undo()
    rig = bpy.data.objects[name]
    assert rig.animation_data.action.name == old_name
    assert not rig.animation_data.nla_tracks and len(bpy.data.actions) == 1
    assert not bpy.context.scene.posewright.report
    assert bpy.context.scene.posewright.prompt == "a person walks"

    bpy.ops.ed.redo()
    rig = bpy.data.objects[name]
    assert rig.animation_data.action.name == "PW a person walks"
    assert snapshot(rig.animation_data.action, rig) == written
    assert deviation(rig, state.result) < 1e-3
    assert bpy.context.scene.posewright.report

    # after the undo the takes can still be applied: nothing holds on to what the undo freed
    bpy.ops.ed.undo()
    bpy.ops.posewright.apply_take("EXEC_DEFAULT", True)
    assert snapshot(bpy.data.objects[name].animation_data.action, bpy.data.objects[name]) == written


def test_the_existing_action_is_kept(scene, state, backend, generate):
    rig, _ = character.make()
    old = key_by_hand(rig)
    before = snapshot(old, rig)
    backend()
    assert not generate()
    assert rig.animation_data.action != old and old.use_fake_user
    (track,) = rig.animation_data.nla_tracks
    assert track.mute and track.strips[0].action == old
    assert not generate(seed=2)
    assert len(rig.animation_data.nla_tracks) == 2  # the first generation is kept as well
    rig.animation_data.action = old
    if hasattr(rig.animation_data, "action_slot"):
        rig.animation_data.action_slot = old.slots[0]
    assert snapshot(old, rig) == before


def test_generating_twice_the_same(scene, state, backend, generate):
    rig, _ = character.make()
    backend()
    assert not generate(seed=3)
    first = [c[2] for c in snapshot(rig.animation_data.action, rig)]
    bpy.data.actions.remove(rig.animation_data.action)
    for bone in rig.pose.bones:
        bone.matrix_basis.identity()
    assert not generate(seed=3)
    assert [c[2] for c in snapshot(rig.animation_data.action, rig)] == first


def test_new_seed(scene, state, backend, generate):
    character.make()
    backend()
    assert not generate(new_seed=True, seed=0)
    assert json.loads(scene.posewright.report)["seed"] == scene.posewright.seed != 0


def test_from_a_timer_as_in_the_window(scene, state, backend, timers, press):
    rig, _ = character.make()
    backend()
    press(prompt="a person waves")
    assert state.generating
    assert timers.pump()
    assert not state.generating and not state.failed
    assert rig.animation_data.action.name == "PW a person waves"


def test_long_names_and_unicode(scene, state, backend, generate):
    rig, _ = character.make()
    backend()
    assert not generate(prompt="eine Person läuft äußerst gemächlich über die Straße, dann winkt sie fröhlich zurück")
    name = rig.animation_data.action.name
    assert len(name.encode()) <= 63 and name.endswith("..")


def test_ten_seconds(scene, state, backend, generate):
    """The longest motion. What it takes is measured by benchmarks/write_action.py."""
    rig, _ = character.make()
    backend()
    assert not generate(seconds=10.0)
    assert {len(c.keyframe_points) for c in module("rig.writing.actions").curves_of(rig)} == {300}
    assert deviation(rig, state.result) < 1e-3


def test_with_the_torch_engine(scene, state, generate):
    python = os.environ.get("POSEWRIGHT_PYTHON")
    if not python:
        pytest.skip("POSEWRIGHT_PYTHON does not name a Python with torch: run 'python3 build_addon.py test'")
    folder = module("ui.runtime").__file__
    if not os.path.exists(os.path.join(os.path.dirname(folder), "..", "backend", "weights", "starter", "bundle.json")):
        pytest.skip("the zip holds no bundle in backend/weights/starter")
    rig, _ = character.make()
    wishes = bpy.context.preferences.addons["bl_ext.user_default.posewright"].preferences
    wishes.python, wishes.engine = python, "torch"
    message = generate(prompt="a person walks forward", seconds=4.0, takes=2)
    assert not message
    assert json.loads(scene.posewright.report)["engine"] == "torch"
    assert deviation(rig, state.result) < 1e-3
    assert len(module("rig.writing.actions").curves_of(rig)[0].keyframe_points) == 120


def break_solve(monkeypatch, rig):
    def raises(*_):
        raise ZeroDivisionError("made up\nby the test")

    for name in ("ui.fitting", "rig.writing.write"):
        monkeypatch.setattr(module(name), "solve", raises)


def break_assign(monkeypatch, rig):
    """Fails half way: the action is the rig's, its slot is not."""

    def raises(self, rig):
        rig.animation_data_create().action = self.action
        raise ZeroDivisionError("made up\nby the test")

    monkeypatch.setattr(module("rig.writing.actions").ActionWriter, "assign", raises)


def break_stash(monkeypatch, rig):
    fill = module("rig.writing.stash")._fill

    def raises(track, before):
        fill(track, before)
        raise ZeroDivisionError("made up\nby the test")

    monkeypatch.setattr(module("rig.writing.stash"), "_fill", raises)


@pytest.mark.parametrize(
    ("break_it", "keyed"),
    [(break_solve, True), (break_solve, False), (break_assign, True), (break_assign, False), (break_stash, True)],
)
def test_an_unexpected_error_changes_nothing(
    scene, state, backend, generate, press, timers, monkeypatch, capsys, break_it, keyed
):
    rig, _ = character.make()
    old = key_by_hand(rig) if keyed else None
    before = snapshot(old, rig) if keyed else None
    backend()
    with monkeypatch.context() as broken:
        break_it(broken, rig)
        message = generate()
        assert "Traceback" in capsys.readouterr().err  # in the console, for whoever reports it
        press()
        assert timers.pump() and state.failed
    for words in (message, state.message):
        assert "not applied because of an error in Posewright (ZeroDivisionError: made up)" in words
        assert "Traceback" not in words and "File" not in words and "by the test" not in words
    assert list(bpy.data.actions) == ([old] if keyed else []) and not scene.posewright.report
    if keyed:
        assert snapshot(old, rig) == before and not rig.animation_data.nla_tracks and not old.use_fake_user
    else:
        assert rig.animation_data is None
    # the takes are still there
    assert bpy.ops.posewright.apply_take() == {"FINISHED"}
    assert deviation(rig, state.result) < 1e-3
