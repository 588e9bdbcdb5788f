"""A linked rig is refused with the remedy; its library override works, and survives saving and loading."""

from __future__ import annotations

import json

import bpy
import pytest

from tests.blender import character
from tests.blender.measure import deviation, module


@pytest.fixture
def library(scene, tmp_path):
    """Path of a .blend that holds the character in a collection "Character"."""
    rig, body = character.make()
    collection = bpy.data.collections.new("Character")
    for part in (rig, body):
        bpy.context.collection.objects.unlink(part)
        collection.objects.link(part)
    bpy.context.scene.collection.children.link(collection)
    path = str(tmp_path / "library.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.context.scene.render.fps = 30
    return path


def link(path: str) -> bpy.types.Collection:
    with bpy.data.libraries.load(path, link=True) as (_, there):
        there.collections = ["Character"]
    return there.collections[0]


def override(path: str) -> bpy.types.Object:
    """The rig of the library, linked and overridden, active and selected."""
    collection = link(path)
    scene = bpy.context.scene
    scene.collection.children.link(collection)
    copy = collection.override_hierarchy_create(scene, bpy.context.view_layer, do_fully_editable=True)
    rig = next(o for o in copy.all_objects if o.type == "ARMATURE")
    scene.collection.children.unlink(collection)
    bpy.context.view_layer.update()
    character.select(rig)
    return rig


def test_a_linked_rig_names_the_override(library, state, backend, generate):
    collection = link(library)
    bpy.context.scene.collection.children.link(collection)
    rig = next(o for o in collection.objects if o.type == "ARMATURE")
    character.select(rig)
    backend()
    message = generate()
    assert "linked from library.blend" in message and "Make Library Override" in message
    assert not bpy.data.actions


def test_an_instance_names_the_override(library, state, backend, generate):
    empty = bpy.data.objects.new("Instance", None)
    empty.instance_type, empty.instance_collection = "COLLECTION", link(library)
    bpy.context.scene.collection.objects.link(empty)
    character.select(empty)
    backend()
    assert "Make Library Override" in generate()


def test_a_system_override_is_refused(library, state, backend, generate):
    rig = override(library)
    rig.override_library.is_system_override = True
    backend()
    assert "not editable" in generate()
    assert not bpy.data.actions


def test_an_override_works_and_survives_saving(library, state, backend, generate, tmp_path):
    rig = override(library)
    backend()
    assert not generate()
    assert deviation(rig, state.result) < 1e-3
    name, result = rig.name, state.result
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "shot.blend"))
    rig = bpy.data.objects[name]
    assert rig.override_library is not None
    assert len(module("rig.writing.actions").curves_of(rig)) == 22 * 4 + 3
    assert deviation(rig, result) < 1e-3
    saved = bpy.context.scene.posewright
    assert saved.rig == rig and json.loads(saved.report)["action"] == rig.animation_data.action.name


def test_a_second_generation_on_the_override_keeps_the_first(library, state, backend, generate, tmp_path):
    rig = override(library)
    backend()
    assert not generate()
    first = rig.animation_data.action.name
    assert not generate(prompt="a person runs")
    name = rig.name
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "shot.blend"))
    rig = bpy.data.objects[name]
    assert rig.animation_data.action.name == "PW a person runs"
    tracks = [t for t in rig.animation_data.nla_tracks if t.strips and t.strips[0].action.name == first]
    assert len(tracks) == 1 and tracks[0].mute
    assert bpy.data.actions[first].use_fake_user


def test_a_bone_map_by_hand_on_the_override_survives_saving(library, state, backend, generate, tmp_path):
    rig = override(library)
    bpy.ops.posewright.map_clear(slot="left_foot")
    rig.pose.bones["mixamorig:LeftArm"].rotation_quaternion = (0.9, 0.1, 0.2, 0.3)
    bpy.context.view_layer.update()
    bpy.ops.posewright.calibrate(pose="frame")
    made = state.maps.of(bpy.context, rig).bone_map
    assert made.calibration is not None and "left_foot" not in made.slots
    name = rig.name
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "shot.blend"))
    rig = bpy.data.objects[name]
    assert rig.override_library is not None
    assert bpy.context.window_manager.posewright.maps.of(bpy.context, rig).bone_map == made
    character.select(rig)
    backend()
    assert not generate()
    assert not any("LeftToeBase" in c.data_path for c in module("rig.writing.actions").curves_of(rig))
