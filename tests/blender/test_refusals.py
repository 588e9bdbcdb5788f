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


def _eye(rig):
    rig.hide_set(True)


def _screen(rig):
    rig.hide_viewport = True


def _collection_screen(rig):
    rig.users_collection[0].hide_viewport = True


def _excluded(rig):
    layer = bpy.context.view_layer.layer_collection.children["Cast"]
    layer.exclude = True


HIDDEN = {
    _eye: "'Rig' is hidden: press Alt H",
    _screen: "'Rig' is disabled in viewports: click its screen icon",
    _collection_screen: "its collection 'Heroes' is disabled in viewports",
    _excluded: "its collection 'Cast' is excluded from the view layer: tick its box",
}


@pytest.mark.parametrize("hide", HIDDEN)
def test_a_hidden_armature_is_named_with_what_hides_it(scene, backend, generate, hide):
    cast, heroes = (bpy.data.collections.new(name) for name in ("Cast", "Heroes"))
    scene.collection.children.link(cast)
    cast.children.link(heroes)
    rig, body = character.make()
    heroes.objects.link(rig)
    scene.collection.objects.unlink(rig)
    character.select(rig)
    hide(rig)
    bpy.context.view_layer.update()
    backend()
    message = generate()
    assert "Nothing is selected" in message and HIDDEN[hide] in message and "Then click the armature" in message
    character.select(body)
    message = generate()
    assert "Select its armature 'Rig' instead" in message and HIDDEN[hide] in message
    other, _ = character.make(name="Other")
    character.select()
    message = generate()
    assert "Click the armature of your character" in message and "'Rig'" not in message  # there is one to click
    assert untouched(rig) and untouched(other)


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
    bpy.ops.object.mode_set(mode="EDIT")
    for bone in list(rig.data.edit_bones):
        if bone.name.endswith(("Arm", "Hand")):
            rig.data.edit_bones.remove(bone)
    bpy.ops.object.mode_set(mode="OBJECT")
    backend()
    message = generate()
    assert "no bone map fits" in message and "left elbow, right elbow" in message
    assert "Set the bones in the panel Bone Map" in message
    assert untouched(rig)


def test_two_characters_in_one_armature(scene, backend, generate):
    rig, _ = character.make()
    other, _ = character.make(Build(prefix="hero:"), "Other")
    other.location.x = 2.0
    character.select(rig, other)
    bpy.ops.object.join()
    backend()
    message = generate()
    assert "two characters (hips 'mixamorig:Hips' and 'hero:Hips')" in message and "separate" in message
    assert untouched(rig)


def test_hidden_bones_and_collections_are_mapped_and_moved(scene, backend, generate):
    rig, _ = character.make()
    arms = rig.data.collections.new("Arms")
    for bone in rig.data.bones:
        if "Arm" in bone.name:
            arms.assign(bone)
    arms.is_visible = False
    rig.data.bones["mixamorig:LeftUpLeg"].hide = True
    rig.hide_set(False)
    backend()
    assert not generate()
    names = {c.data_path.split('"')[1] for c in module("rig.writing.actions").curves_of(rig)}
    assert {"mixamorig:LeftForeArm", "mixamorig:LeftUpLeg"} <= names


@pytest.mark.parametrize("name", ["骨盤.左", "a" * 55, 'quote" and \\ slash', "mixamorig:Hips.001"])
def test_odd_names(scene, backend, generate, name):
    rig, _ = character.make()
    rig.data.bones["mixamorig:LeftForeArm"].name = name
    backend()
    assert not generate()
    kept = rig.data.bones[name].name
    paths = [c.data_path for c in module("rig.writing.actions").curves_of(rig)]
    assert f'pose.bones["{bpy.utils.escape_identifier(kept)}"].rotation_quaternion' in paths


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
    assert "begin in the same place" in generate()
    assert untouched(rig)


def test_nothing_to_apply(scene):
    with pytest.raises(RuntimeError, match="Press Generate first"):
        bpy.ops.posewright.apply_take()
