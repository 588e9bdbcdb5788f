"""What is posed between the keyed controls of a Rigify rig and its own bones is named, because it acts on top."""

from __future__ import annotations

import bpy
import pytest

from tests.blender import body_plan, character, generated
from tests.blender.measure import module


@pytest.fixture(scope="module")
def file(addon, tmp_path_factory):
    path = str(tmp_path_factory.mktemp("rigify") / "basic.blend")
    generated.generate(path, "basic_human")
    return path


@pytest.fixture
def rig(scene, file):
    return generated.open_rig(file)


def posed(rig) -> list[str]:
    bpy.context.view_layer.update()
    warnings = module("rig.reading.read").read_rig(bpy.context, rig, generated.map_of(rig)).warnings
    return [w for w in warnings if w.startswith("Posed: ")]


@pytest.mark.parametrize("mode", [0.0, 1.0], ids=["ik", "fk"])
def test_a_rig_as_it_was_generated_has_nothing(rig, mode):
    generated.switch(rig, IK_FK=mode)
    for name in ("foot_ik.L", "hand_fk.R", "upper_arm_ik_target.L", "torso", "hips", "chest", "root"):
        rig.pose.bones[name].location = (0.1, 0.1, 0.1)  # keyed, or above what is: the motion makes up for these
    assert posed(rig) == []


def test_heels_and_spins_act_on_feet_in_inverse_kinematics_alone(rig):
    for name in ("foot_heel_ik.L", "foot_spin_ik.R"):
        rig.pose.bones[name].rotation_mode = "XYZ"
        rig.pose.bones[name].rotation_euler = (0.3, 0.0, 0.2)
    generated.switch(rig, IK_FK=0.0)
    (said,) = posed(rig)
    assert said.startswith(
        "Posed: foot_heel_ik.L, foot_spin_ik.R. They act on top of the motion: clear them with Alt+G"
    )
    generated.switch(rig, IK_FK=1.0)
    assert posed(rig) == []


def test_tweaks_of_the_spine(rig):
    rig.pose.bones["tweak_spine.001"].location = (0.02, 0.0, 0.05)
    (said,) = posed(rig)
    assert "tweak_spine.001." in said


def test_bones_that_are_keyed_themselves(scene):
    rig, _ = character.make()
    rig.pose.bones["mixamorig:LeftArm"].rotation_quaternion = (0.8, 0.6, 0.0, 0.0)
    bpy.context.view_layer.update()
    bone_map = body_plan.bone_map(body_plan.PLAIN)
    assert module("rig.reading.read").read_rig(bpy.context, rig, bone_map).warnings == ()
