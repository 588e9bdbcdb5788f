"""A rig that was changed between reading it and putting the motion on it."""

from __future__ import annotations

import bpy
import pytest

from tests.blender import body_plan, character
from tests.blender.body_plan import Build
from tests.blender.driving import Driven, angles, distances, swinging
from tests.blender.measure import module

ARM, HIPS, HEAD = "mixamorig:LeftArm", "mixamorig:Hips", "mixamorig:Head"
BUILD = Build(rolls=4, root_bone=True)


def edited(rig, change) -> None:
    bpy.ops.object.mode_set(mode="EDIT")
    change(rig.data.edit_bones)
    bpy.ops.object.mode_set(mode="OBJECT")


def applied(rig, change, **options) -> Driven:
    """A motion that is put on the rig after a ``change``, solved before it."""
    options = module("rig.options").WriteOptions(**options)
    bone_map = body_plan.bone_map(BUILD)
    pose = module("rig.reading.read").read_rig(bpy.context, rig, bone_map)
    motion = swinging(pose.skeleton, turn=0.7)
    solution = module("rig.solving.solve").solve(pose, motion, options)
    change()
    bpy.context.view_layer.update()
    write = module("rig.writing.write").apply_motion
    return Driven(rig, pose, motion, write(bpy.context, rig, pose, motion, 1, "late", options, solution))


def rolled(rig) -> None:
    def roll(bones):
        for bone in bones:
            bone.roll += 1.2

    edited(rig, roll)


def reparented(rig) -> None:
    def hang(bones):
        bones["mixamorig:LeftShoulder"].parent = bones["mixamorig:Neck"]

    edited(rig, hang)


def moved(rig) -> None:
    rig.location, rig.rotation_euler = (3.0, 1.0, 0.5), (0.3, 0.0, 1.0)


def root_posed(rig) -> None:
    rig.pose.bones["Root"].location = (0.3, 0.2, 0.1)


@pytest.mark.parametrize("change", [rolled, reparented, moved, root_posed])
@pytest.mark.parametrize("root", ["hips", "object"])
def test_what_can_be_made_up_for_is(scene, change, root):
    rig, _ = character.make(BUILD)
    driven = applied(rig, lambda: change(rig), root=root)
    assert max(distances(driven).values()) < 1e-3
    if change is not moved:  # then what is measured here is a turn away from a rest pose that was turned itself
        assert max(angles(driven).values()) < 0.1
    told = any("was moved meanwhile: the motion begins where it stood before" in w for w in driven.applied.warnings)
    assert told == (change is moved)


def test_an_unchanged_rig_is_not_solved_again(scene, monkeypatch):
    rig, _ = character.make(BUILD)

    def solve(*_):
        raise AssertionError("solved again")

    monkeypatch.setattr(module("rig.writing.write"), "solve", solve)
    assert applied(rig, lambda: None).applied.warnings == ()
    with pytest.raises(AssertionError, match="solved again"):
        applied(rig, lambda: rolled(rig))


def test_a_constraint_that_was_added_is_told(scene):
    rig, _ = character.make(BUILD)
    driven = applied(rig, lambda: rig.pose.bones[ARM].constraints.new("LIMIT_ROTATION"))
    assert any(ARM in w and "act on top of the motion" in w for w in driven.applied.warnings)


def scaled(rig) -> None:
    rig.scale = (2.0, 2.0, 2.0)


def squashed(rig) -> None:
    rig.scale = (1.0, 1.0, 2.0)


def longer(rig) -> None:
    def move(bones):
        bones["mixamorig:LeftForeArm"].head += bones["mixamorig:LeftForeArm"].vector * 0.3

    edited(rig, move)


def other_units(rig) -> None:
    bpy.context.scene.unit_settings.scale_length = 0.01


def renamed(rig) -> None:
    rig.data.bones[HEAD].name = "skull"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (scaled, "was scaled meanwhile, 2 times its size"),
        (squashed, "not scaled evenly"),
        (other_units, "was scaled meanwhile, 0.01 times its size"),
        (longer, "'mixamorig:LeftForeArm' of 'Rig' was moved at rest meanwhile"),
        (renamed, f"'{HEAD}' of 'Rig' was renamed or deleted meanwhile"),
    ],
)
def test_another_body_is_refused(scene, change, words):
    rig, _ = character.make(BUILD)
    with pytest.raises(module("rig.refusal").Refusal, match=words):
        applied(rig, lambda: change(rig))
    assert rig.animation_data is None and not bpy.data.actions


def test_the_animator_reads_why(scene, state, backend, press, timers):
    rig, _ = character.make()
    backend()
    press()
    rig.scale = (2.0, 2.0, 2.0)
    bpy.context.view_layer.update()
    assert timers.pump()
    assert state.failed and "was scaled meanwhile" in state.message and "Nothing was changed" in state.message
    assert rig.animation_data is None
