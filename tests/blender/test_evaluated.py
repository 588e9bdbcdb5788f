"""Control rigs whose controls hang on what no formula covers: Blender evaluates a copy, and the keys are fitted."""

from __future__ import annotations

import json

import bpy
import numpy as np
import pytest

from tests.blender import control_rig, driving
from tests.blender.control_rig import (
    FOREARM,
    HEAD,
    HIPS,
    add_driver,
    bending,
    constrain,
    controls,
    data,
    everything,
    unsolved,
)
from tests.blender.measure import module


@pytest.fixture
def rig(scene):
    return control_rig.make()


@pytest.mark.parametrize("mode", ["fk", "ik"])
def test_controls_on_constraints_and_drivers_are_fitted(rig, mode):
    driven = driving.drive(rig, motion=bending(rig), bone_map=controls(), arms=mode)
    assert not [w for w in driven.applied.warnings if "could only" in w]
    away, turned = driving.distances(driven), driving.angles(driven)
    print(mode, {s: (round(1000 * away[s], 2), round(turned[s], 2)) for s in away if s.startswith("left_")})
    assert max(away.values()) < 5e-3
    wanted = {s: a for s, a in turned.items() if mode == "fk" or s not in ("left_shoulder", "left_elbow")}
    assert max(wanted.values()) < 1.0


def test_a_body_control_is_put_where_it_brings_the_pelvis_to(rig):
    """The hips hang on a bone that moves away from the control of the whole body as this turns."""
    bpy.ops.object.mode_set(mode="EDIT")
    for name, parent in (("cog", None), ("mch_hips", "cog")):
        bone = rig.data.edit_bones.new(name)
        bone.head, bone.tail = (0.0, 0.1, 0.9), (0.0, 0.4, 0.9)
        bone.parent = rig.data.edit_bones[parent] if parent else None
    rig.data.edit_bones[HIPS].parent = rig.data.edit_bones["mch_hips"]
    bpy.ops.object.mode_set(mode="OBJECT")
    aside = constrain(rig, "mch_hips", "TRANSFORM", "cog")
    aside.map_from, aside.map_to, aside.owner_space, aside.target_space = "ROTATION", "LOCATION", "LOCAL", "LOCAL"
    aside.from_min_y_rot, aside.from_max_y_rot, aside.to_min_x, aside.to_max_x = -1.0, 1.0, -0.1, 0.1
    aside.map_to_x_from = "Y"
    maps, plain = module("backend.motion.bone_map"), controls()
    all_controls = plain.controls | {"pelvis": maps.Controls(fk=("cog",))}
    bone_map = maps.BoneMap("by hand", plain.slots, all_controls, body="cog")
    driven = driving.drive(rig, bone_map=bone_map)
    away, turned = driving.distances(driven), driving.angles(driven)
    assert max(away.values()) < 5e-3 and max(turned.values()) < 1.0
    curves = {c.data_path for c in module("rig.writing.actions").curves_of(rig)}
    assert 'pose.bones["cog"].location' in curves and f'pose.bones["{HIPS}"].location' not in curves


def test_a_switch_that_stands_the_other_way_is_evaluated_as_it_will_be_keyed(rig):
    rig.pose.bones["ik_hand"]["IK"] = 1.0
    bpy.context.view_layer.update()
    driven = driving.drive(rig, bone_map=controls(), arms="fk")
    assert driving.distances(driven)["left_wrist"] < 5e-3


def test_nothing_of_the_rig_and_the_scene_changes(rig):
    rig.pose.bones["fk_arm"].rotation_mode = "XYZ"
    rig.pose.bones["fk_arm"].rotation_euler = (0.1, 0.2, 0.3)
    rig.pose.bones[HEAD].keyframe_insert("rotation_quaternion", frame=3)
    bpy.context.scene.frame_set(7)
    pose, _, solution = unsolved(rig, arms="ik")
    before = everything()
    evaluation = module("rig.fitting.evaluated").Evaluation(rig, pose, solution, 1)
    while not evaluation.step(0.005):
        assert everything() == before and 0.0 <= evaluation.fraction < 1.0
    assert everything() == before and not [name for name in data() if name.startswith("Posewright ")]
    result = evaluation.result
    assert not result.unsolved and len(result.bones) == len(solution.bones) + len(solution.unsolved)


def test_drivers_that_read_switches_alone_do_not_count(rig):
    def driven():
        return module("rig.reading.driven").Driven(rig, controls().bones)

    assert driven().bone("mch_ik") and not driven().constraint(FOREARM, "IK")
    follow = rig.pose.bones["mch_ik"].constraints[0]
    add_driver(rig, follow.driver_add("influence"), f'pose.bones["{HEAD}"].location[0]', "v")
    clock = rig.pose.bones["fk_hand"].driver_add("location", 0)
    clock.driver.expression = "frame / 100"
    assert driven().constraint("mch_ik", follow.name) and driven().bone("fk_hand")
    clock.mute = True
    assert not driven().bone("fk_hand")


def test_slices_give_what_one_go_gives(rig):
    pose, _, solution = unsolved(rig, frames=20, arms="fk")
    evaluated = module("rig.fitting.evaluated")
    whole, sliced = (evaluated.Evaluation(rig, pose, solution, 1) for _ in range(2))
    assert whole.step(60.0)
    count = 1
    while not sliced.step(0.0):
        count += 1
    assert count > 20  # evaluations
    for a, b in zip(whole.result.bones, sliced.result.bones):
        assert a.bone == b.bone and np.abs(a.rotation - b.rotation).max() < 2e-3


def test_a_rig_that_goes_away_meanwhile_is_said_and_leaves_nothing(rig):
    pose, _, solution = unsolved(rig, arms="fk")
    evaluation = module("rig.fitting.evaluated").Evaluation(rig, pose, solution, 1)
    assert not evaluation.step(0.0)
    rig.data.bones["fk_hand"].name = "other"
    with pytest.raises(ValueError, match="'fk_hand' of 'Rig' was renamed"):
        evaluation.step(0.0)
    bpy.data.objects.remove(rig)
    with pytest.raises(ValueError, match="'Rig' was deleted"):
        evaluation.step(0.0)
    assert len(bpy.data.scenes) == 1 and not [o for o in bpy.data.objects if o.type == "ARMATURE"]


def test_what_cannot_be_reached_is_said(rig):
    limit = rig.pose.bones["fk_arm"].constraints.new("LIMIT_ROTATION")
    limit.use_limit_x = limit.use_limit_y = limit.use_limit_z = True
    limit.owner_space = "LOCAL"
    driven = driving.drive(rig, bone_map=controls(), arms="fk")
    assert any(w.startswith("'fk_arm'") and "could only be brought" in w for w in driven.applied.warnings)


@pytest.fixture
def mapped(rig):
    """The rig with its controls set by hand in the scene, its arm to be moved by inverse kinematics."""
    module("rig.bone_maps.lookup").set_override(bpy.context.scene, rig, controls(), {})
    bpy.context.scene.posewright.arms = "ik"
    return rig


def test_generating_on_such_a_rig_fits_its_controls(mapped, state, backend, generate):
    backend()
    assert not generate()
    keyed = {c.data_path for c in module("rig.writing.actions").curves_of(mapped)}
    assert {'pose.bones["ik_hand"].location', 'pose.bones["ik_pole"].location'} <= keyed
    report = bpy.context.scene.posewright.report
    assert "could only be brought" not in report


def test_in_the_window_a_timer_fits_and_cancel_leaves_everything(mapped, state, backend, press, timers):
    backend()
    before = everything()
    press()
    assert timers.pump(until=lambda: state.job is not None and state.job.stage == "fitting the control rig")
    assert timers.pump(until=lambda: state.job.fraction > 0.1)
    assert state.generating and everything() == before
    bpy.ops.posewright.cancel()
    assert state.job is None and everything() == before and not [n for n in data() if n.startswith("Posewright ")]
    press()
    assert timers.pump()
    assert mapped.animation_data.action is not None and not state.failed


def test_another_take_and_another_rate_are_fitted_in_slices_too(mapped, state, backend, press, timers):
    backend()
    press(takes=2)
    assert timers.pump()
    first = mapped.animation_data.action
    bpy.context.scene.render.fps = 24
    assert state.fit(0) and state.job.stage == "fitting the control rig"
    module("ui.runtime").watch()
    assert timers.pump()
    assert not state.failed and mapped.animation_data.action != first
    assert json.loads(bpy.context.scene.posewright.report)["take"] == 0
    assert not state.fit(0)  # it is kept
    assert set(state.result.solutions) == {(1, 30), (0, 24)}


def test_a_rig_that_is_deleted_while_it_is_fitted_is_said(mapped, state, backend, press, timers):
    backend()
    press()
    assert timers.pump(until=lambda: state.job is not None and state.job.stage == "fitting the control rig")
    bpy.data.objects.remove(mapped)
    assert timers.pump()
    assert state.failed and "'Rig' was deleted" in state.message


def test_a_library_override_is_fitted_too(rig, tmp_path):
    path = str(tmp_path / "library.blend")
    collection = bpy.data.collections.new("Character")
    bpy.context.scene.collection.children.link(collection)
    for part in (rig, *rig.children):
        bpy.context.scene.collection.objects.unlink(part)
        collection.objects.link(part)
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(path, link=True) as (_, there):
        there.collections = ["Character"]
    linked, scene = there.collections[0], bpy.context.scene
    scene.collection.children.link(linked)
    copy = linked.override_hierarchy_create(scene, bpy.context.view_layer, do_fully_editable=True)
    scene.collection.children.unlink(linked)
    bpy.context.view_layer.update()
    own = next(o for o in copy.all_objects if o.type == "ARMATURE")
    driven = driving.drive(own, motion=bending(own), bone_map=controls(), arms="ik")
    assert max(driving.distances(driven).values()) < 5e-3
    assert len(bpy.data.scenes) == 1 and len([o for o in bpy.data.objects if o.type == "ARMATURE"]) == 2
