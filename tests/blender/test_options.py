"""The panel's fields become the request and the options that a motion is put on the rig with."""

from __future__ import annotations

import bpy

from tests.blender import character
from tests.blender.measure import module


def identifiers(name: str) -> tuple[str, ...]:
    return tuple(item.identifier for item in bpy.context.scene.posewright.bl_rna.properties[name].enum_items)


def test_the_choices_are_those_that_the_rig_can_do(scene):
    options = module("rig.options")
    assert identifiers("root") == options.ROOTS and identifiers("fingers") == options.FINGERS
    assert identifiers("arms") == identifiers("legs") == options.MODES
    assert module("ui.order").options(scene) == options.WriteOptions(hands=1.0)


def test_an_order_holds_what_the_panel_says(scene, state, backend):
    character.make()
    backend()
    wishes = scene.posewright
    wishes.prompt, wishes.root, wishes.arms, wishes.legs, wishes.fingers = "walk", "in_place", "fk", "ik", "fist"
    wishes.feet_correction, wishes.hands_correction = 0.25, 0.0
    order, request = module("ui.order").make(bpy.context, state)
    assert order.options == module("rig.options").WriteOptions("in_place", "fk", "ik", "fist")
    assert (request.correction.feet, request.correction.hands) == (0.25, 0.0)
    assert request.skeleton.kind == "smpl22"
