"""The copy that is evaluated stays in Blender between the slices: the animator's file must never keep it."""

from __future__ import annotations

import bpy
import pytest

from tests.blender import control_rig, driving
from tests.blender.control_rig import data, everything, unsolved
from tests.blender.measure import module


@pytest.fixture
def rig(scene):
    return control_rig.make()


@pytest.fixture
def evaluation(rig):
    """One that is under way."""
    pose, _, solution = unsolved(rig, arms="fk")
    begun = module("rig.fitting.evaluated").Evaluation(rig, pose, solution, 1)
    while begun.fraction < 0.2:
        begun.step(0.0)
    assert standing()
    yield begun
    begun.close()


def standing() -> list[str]:
    return [name for name in data() if name.startswith("Posewright ")]


def test_saving_leaves_it_out_and_the_work_goes_on(rig, evaluation, tmp_path):
    path, before = str(tmp_path / "saved.blend"), data()
    bpy.ops.wm.save_as_mainfile(filepath=path, copy=True)
    assert not standing()
    while not evaluation.step(0.01):
        pass
    assert not standing() and not evaluation.result.unsolved
    assert not [w for w in evaluation.result.warnings if "could only" in w]
    with bpy.data.libraries.load(path) as (saved, _):
        assert not [n for n in (*saved.scenes, *saved.objects, *saved.armatures) if n not in before or "Posew" in n]


def test_what_an_undo_brings_back_is_taken_away(rig):
    bpy.ops.ed.undo_push(message="before")
    pose, _, solution = unsolved(rig, arms="fk")
    evaluation = module("rig.fitting.evaluated").Evaluation(rig, pose, solution, 1)
    evaluation.step(0.0)
    bpy.ops.ed.undo_push(message="the animator goes on working")
    bpy.data.objects["Rig"].location.x = 1.0
    bpy.ops.ed.undo_push(message="and on")
    bpy.ops.ed.undo()
    assert not standing() and bpy.data.objects["Rig"].location.x == 0.0
    evaluation.step(0.0)
    assert standing()
    bpy.ops.ed.undo()
    assert not standing()
    bpy.ops.ed.redo()
    assert not standing()
    bpy.ops.ed.redo()
    assert not standing() and bpy.data.objects["Rig"].location.x == 1.0
    while not evaluation.step(0.01):
        pass
    assert not evaluation.result.unsolved


def test_a_file_that_holds_one_is_rid_of_it(rig, evaluation, tmp_path):
    """As an automatic save does, which calls no handlers."""
    path = str(tmp_path / "quit.blend")
    things = {thing for kind in ("scenes", "objects", "armatures") for thing in getattr(bpy.data, kind)}
    bpy.data.libraries.write(path, things)
    with bpy.data.libraries.load(path) as (saved, there):
        assert "Posewright Stage" in saved.scenes
        there.scenes, there.objects = ["Posewright Stage"], ["Posewright Puppet"]
    module("rig.fitting.puppet").sweep()
    assert not standing()


def test_the_add_on_switched_off_takes_it_along(evaluation):
    runtime = module("ui.runtime")
    runtime.remove()
    try:
        assert not standing()
        assert not [h for h in bpy.app.handlers.undo_post if h.__module__.startswith("bl_ext.user_default.posewright")]
    finally:
        runtime.install()


def test_another_file_ends_it(rig, evaluation):
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert not standing()
    with pytest.raises(ValueError, match="'Rig' was deleted"):
        evaluation.step(0.0)


def test_an_animator_who_deletes_the_stage_does_no_harm(rig, evaluation):
    bpy.data.scenes.remove(bpy.data.scenes["Posewright Stage"])
    while not evaluation.step(0.01):
        pass
    assert not standing() and not evaluation.result.unsolved


def test_given_up_it_leaves_everything(rig):
    before = everything()
    pose, _, solution = unsolved(rig, arms="fk")
    work = module("rig.fitting.evaluated").fitting(rig, pose, solution, 1)
    next(work)
    assert standing()
    work.close()
    assert not standing() and everything() == before


def test_only_what_has_a_say_is_evaluated(rig):
    needed = module("rig.fitting.needed").needed(rig, ["fk_hand"])
    assert {"fk_arm", "mch_arm", control_rig.HEAD, control_rig.SPINE} <= needed
    assert not needed & {"mch_ik", "ik_pole", control_rig.ARM}
    needed = module("rig.fitting.needed").needed(rig, [control_rig.ARM])
    assert {"ik_hand", "ik_pole", "mch_ik", control_rig.FOREARM, "fk_arm"} <= needed


def test_a_whole_body_of_controls_takes_two_evaluations_a_frame(scene, monkeypatch):
    rig, bone_map = control_rig.make_whole()
    driven = driving.drive(rig, bone_map=bone_map)
    assert not [w for w in driven.applied.warnings if "could only" in w]
    assert max(driving.distances(driven).values()) < 5e-3 and max(driving.angles(driven).values()) < 1.0
    rig.animation_data.action = None
    pose, motion = driven.pose, driving.swinging(driven.pose.skeleton, 300)
    solution = module("rig.solving.solve").solve(pose, motion)
    assert len(solution.unsolved) == 22
    evaluated, puppets, times = module("rig.fitting.evaluated"), module("rig.fitting.puppet"), []
    look = puppets.Puppet._evaluated
    monkeypatch.setattr(puppets.Puppet, "_evaluated", lambda self: times.append(1) or look(self))
    evaluation, slices = evaluated.Evaluation(rig, pose, solution, 1), 1
    while not evaluation.step(0.0):  # no time at all: as little as there can be
        slices += 1
    assert len(times) / 300 < 2.0
    assert len(times) <= slices + 1  # at most one evaluation of the rig in a slice
