"""What cannot be done is said in words that name what to click, and changes nothing."""

from __future__ import annotations

import sys
from unittest.mock import Mock

import bpy
import pytest

from tests.blender import character
from tests.blender.character import Build
from tests.blender.measure import module


def untouched(rig) -> bool:
    return rig.animation_data is None and not bpy.data.actions


def test_empty_prompt(scene, state, backend, generate):
    rig, _ = character.make()
    backend()
    assert "prompt is empty" in generate(prompt="   ")
    assert untouched(rig) and state.failed and "prompt is empty" in state.message


@pytest.mark.parametrize("letter", ["x", "я"])
def test_a_prompt_over_the_limit_is_refused_and_not_cut(scene, state, backend, generate, letter):
    rig, _ = character.make()
    backend()
    assert "has 640 characters, at most 500" in generate(prompt=letter * 640)
    assert len(scene.posewright.prompt) == 640
    assert "at most 500" in generate(prompt=letter * 100_000)
    assert untouched(rig) and state.failed
    assert not generate(prompt=letter * 500)


@pytest.mark.parametrize("rate", [(2000, 1.0), (24, 1e-5), (1, 10.0)])
def test_a_frame_rate_that_no_motion_can_have(scene, backend, generate, rate):
    rig, _ = character.make()
    scene.render.fps, scene.render.fps_base = rate
    backend()
    assert "The scene's frame rate cannot be used" in generate()
    assert untouched(rig)


def test_nothing_selected(scene, backend, generate):
    rig, _ = character.make()
    character.select()
    backend()
    assert "Nothing is selected" in generate()
    assert untouched(rig)


def test_a_mesh_names_its_armature(scene, backend, generate):
    rig, body = character.make()
    character.select(body)
    backend()
    assert "Select its armature 'Rig'" in generate()
    assert untouched(rig)


def test_a_mesh_without_an_armature(scene, backend, generate):
    bpy.ops.mesh.primitive_cube_add()
    backend()
    assert "Select an armature" in generate()


def test_an_armature_that_no_map_fits(scene, backend, generate):
    rig, _ = character.make()
    for side in ("Left", "Right"):
        rig.data.bones[f"mixamorig:{side}ForeArm"].name = f"tentacle {side}"
    backend()
    message = generate()
    assert "no bone map fits" in message and "left elbow, right elbow" in message
    assert untouched(rig)


@pytest.mark.parametrize(
    ("scale", "word"), [((-1, 1, 1), "negative"), ((1, 1, 2), "not scaled evenly"), ((0, 0, 0), "nothing")]
)
def test_scale(scene, backend, generate, scale, word):
    rig, _ = character.make()
    rig.scale = scale
    bpy.context.view_layer.update()
    backend()
    message = generate()
    assert word in message and "Apply > Scale" in message
    assert untouched(rig)


def test_edit_mode(scene, backend, generate):
    rig, _ = character.make()
    bpy.ops.object.mode_set(mode="EDIT")
    backend()
    assert "Edit Mode" in generate()
    bpy.ops.object.mode_set(mode="OBJECT")
    assert untouched(rig)


def test_pose_mode_works(scene, backend, generate):
    rig, _ = character.make()
    bpy.ops.object.mode_set(mode="POSE")
    backend()
    assert not generate()
    assert rig.mode == "POSE" and rig.animation_data.action


def test_nla_tweak_mode(scene, backend, generate):
    rig, _ = character.make()
    rig.keyframe_insert("location", frame=1)
    rig.keyframe_insert("location", frame=50)
    data = rig.animation_data
    action = data.action
    strip = data.nla_tracks.new().strips.new("strip", 1, action)
    if hasattr(strip, "action_slot"):
        strip.action_slot = data.action_slot
    data.action = None
    data.nla_tracks[0].select = strip.select = True
    data.nla_tracks.active = data.nla_tracks[0]
    data.use_tweak_mode = True
    assert data.use_tweak_mode
    backend()
    assert "tweak mode" in generate()
    assert len(bpy.data.actions) == 1


@pytest.mark.parametrize("own", [None, "", "/nowhere/bin/python3", "/tmp", "BLENDER"])
def test_a_blender_that_does_not_know_its_own_python(scene, state, generate, monkeypatch, own):
    """It leaves sys.executable empty, or on its own program: starting that would open a second Blender."""
    rig, _ = character.make()
    if own == "BLENDER":
        own = sys.executable
        monkeypatch.setattr(module("ui.preferences"), "bpy", Mock(wraps=bpy, **{"app.binary_path": own}))
    monkeypatch.setattr(sys, "executable", own)
    message = generate()
    assert f"does not know where its own Python is (sys.executable is {own or ''!r})" in message
    assert "Choose a Python 3.11 or newer that has numpy as Backend Python in Edit > Preferences" in message
    assert untouched(rig) and not state.client.ready


def test_a_backend_python_that_is_not_there(scene, backend, generate):
    rig, _ = character.make()
    bpy.context.preferences.addons["bl_ext.user_default.posewright"].preferences.python = "/nowhere/python"
    message = generate()
    assert "/nowhere/python" in message and "Clear the field" in message
    assert untouched(rig)


def test_a_backend_python_that_is_no_program(scene, backend, generate, tmp_path):
    rig, _ = character.make()
    text = tmp_path / "notes.txt"
    text.write_text("not a program")
    bpy.context.preferences.addons["bl_ext.user_default.posewright"].preferences.python = str(text)
    assert "cannot be started" in generate()
    assert untouched(rig)


def test_a_straight_limb_along_its_reference(scene, backend, generate):
    """A rest pose that has no usable directions is refused, not half applied."""
    rig, _ = character.make(Build())
    bpy.ops.object.mode_set(mode="EDIT")
    for bone in rig.data.edit_bones:
        bone.head, bone.tail = (0, 0, 1), (0, 0, 1.1)
    bpy.ops.object.mode_set(mode="OBJECT")
    backend()
    assert "rest pose of 'Rig' cannot be used" in generate()
    assert untouched(rig)


def test_nothing_to_apply(scene):
    with pytest.raises(RuntimeError, match="Press Generate first"):
        bpy.ops.posewright.apply_take()
