"""Which bone map an armature has: by hand in the scene, by the user's preset, or found; and where each is kept."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import bpy
import pytest

from tests.blender import character
from tests.blender.character import Build
from tests.blender.driving import with_switch
from tests.blender.measure import module

ELBOW = "mixamorig:LeftForeArm"


@pytest.fixture(autouse=True)
def no_presets(scene):
    """Without presets from other tests, and none left behind."""
    clear()
    yield
    clear()


def clear() -> None:
    for file in folder().glob("*"):
        file.unlink()
    bpy.context.window_manager.posewright.maps.forget()


def folder() -> Path:
    return Path(bpy.utils.user_resource("DATAFILES", path="posewright/bone_maps", create=True))


def found(rig):
    return bpy.context.window_manager.posewright.maps.found(bpy.context, rig)


def slots(rig) -> dict:
    return found(rig).mapping.bone_map.slots


def test_the_order_is_by_hand_then_preset_then_automatic(scene):
    rig, _ = character.make()
    assert found(rig).source == "automatic" and not found(rig).why
    assert slots(rig)["left_elbow"] == (ELBOW,)
    bpy.ops.posewright.map_clear(slot="left_foot")
    assert found(rig).source == "hand" and "left_foot" not in slots(rig)
    bpy.ops.posewright.map_save_preset()
    assert found(rig).source == "preset" and "left_foot" not in slots(rig) and not scene.posewright.maps
    bpy.ops.posewright.map_clear(slot="right_foot")
    assert found(rig).source == "hand" and "right_foot" not in slots(rig)
    bpy.ops.posewright.map_reset()
    assert found(rig).source == "preset" and "right_foot" in slots(rig)
    bpy.ops.posewright.map_forget_preset()
    assert found(rig).source == "automatic" and "left_foot" in slots(rig) and not list(folder().glob("*"))


def test_a_preset_is_for_every_armature_with_these_bones(scene):
    character.make()
    bpy.ops.posewright.map_clear(slot="left_foot")
    bpy.ops.posewright.map_save_preset()
    larger, _ = character.make(Build(scale=100.0, arms_down=0.7), "Larger")
    assert found(larger).source == "preset" and "left_foot" not in slots(larger)
    other, _ = character.make(Build(root_bone=True), "Other")
    assert found(other).source == "automatic" and "left_foot" in slots(other)


UNINSTALL = """
import os, sys
import bpy
from pathlib import Path
zip_path, folder = sys.argv[-2:]
install = dict(filepath=zip_path, repo="user_default", enable_on_install=True, overwrite=True)
bpy.ops.extensions.package_install_files(**install)
store = sys.modules["bl_ext.user_default.posewright.rig.bone_maps.store"]
bone_map = sys.modules["bl_ext.user_default.posewright.backend.motion.bone_map"].BoneMap("mine", {})
path = store.save_preset("0123", bone_map)
index = next(i for i, repo in enumerate(bpy.context.preferences.extensions.repos) if repo.module == "user_default")
bpy.ops.extensions.package_uninstall(repo_index=index, pkg_id="posewright")
gone = "bl_ext.user_default.posewright" not in bpy.context.preferences.addons
Path(folder, "kept").write_text(f"{gone} {path.is_file()} {path.is_relative_to(folder)}")
sys.stdout.flush()
os._exit(0)
"""


def test_a_preset_survives_uninstalling(addon, tmp_path):
    """In a Blender of its own: this one still needs the add-on."""
    command = [sys.executable, "-c", UNINSTALL, os.path.abspath(os.environ["POSEWRIGHT_ZIP"]), str(tmp_path)]
    subprocess.run(command, env=os.environ | {"BLENDER_USER_RESOURCES": str(tmp_path)}, timeout=60, check=True)
    assert (tmp_path / "kept").read_text() == "True True True"


@pytest.mark.parametrize(
    ("text", "word"),
    [("not json", "not a bone map"), ("[]", "version None"), ('{"version": 2}', "version 2"), ("[" * 100_000, "not a")],
)
def test_a_preset_that_cannot_be_read_is_named_skipped_and_not_overwritten(scene, text, word):
    rig, _ = character.make()
    file = module("rig.bone_maps.store").preset_file(found(rig).rest.fingerprint)
    file.write_text(text)
    bpy.context.window_manager.posewright.maps.forget()
    assert found(rig).source == "automatic" and not found(rig).why
    assert file.name in found(rig).note and str(folder()) in found(rig).note and word in found(rig).note
    for operator in (bpy.ops.posewright.map_save_preset, bpy.ops.posewright.map_forget_preset):
        with pytest.raises(RuntimeError, match="Move that file away"):
            operator()
    assert file.read_text() == text


def test_a_map_by_hand_survives_saving_renaming_and_duplicating(scene, tmp_path):
    rig, _ = character.make()
    bpy.ops.posewright.map_clear(slot="left_foot")
    rig.name = "Somebody Else"
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "shot.blend"))
    rig = bpy.data.objects["Somebody Else"]
    assert found(rig).source == "hand" and "left_foot" not in slots(rig)
    twin = rig.copy()
    bpy.context.collection.objects.link(twin)
    assert found(twin).source == "automatic"


def test_undo_takes_an_edit_back(scene):
    rig, _ = character.make()
    name = rig.name
    bpy.ops.ed.undo_push(message="made")
    bpy.ops.posewright.map_clear("EXEC_DEFAULT", True, slot="left_foot")
    bpy.ops.ed.undo_push(message="after")
    bpy.ops.ed.undo()
    bpy.ops.ed.undo()
    assert "left_foot" in slots(bpy.data.objects[name])


def test_entries_of_deleted_rigs_go_with_the_next_change(scene):
    first, _ = character.make(name="First")
    bpy.ops.posewright.map_clear(slot="left_foot")
    rig, _ = character.make(name="Second")
    bpy.ops.posewright.map_clear(slot="left_foot")
    bpy.context.collection.objects.unlink(first)  # as Delete in the view does: the entry still points at it
    bpy.ops.posewright.map_clear(slot="right_foot")
    assert [entry.rig for entry in scene.posewright.maps] == [rig]
    bpy.data.objects.remove(rig)
    bpy.context.view_layer.update()
    character.make()
    bpy.ops.posewright.map_reset()
    assert not scene.posewright.maps


def test_a_changed_armature_is_looked_at_again(scene):
    rig, _ = character.make()
    assert slots(rig)["left_elbow"] == (ELBOW,)
    rig.data.bones[ELBOW].name = "mixamorig:LeftForeArm2"
    assert slots(rig).get("left_elbow") != (ELBOW,)
    rig.data.bones["mixamorig:LeftForeArm2"].name = ELBOW
    before = found(rig).rest.fingerprint
    bpy.ops.object.mode_set(mode="EDIT")
    rig.data.edit_bones["mixamorig:LeftToeBase"].parent = rig.data.edit_bones["mixamorig:LeftLeg"]
    bpy.ops.object.mode_set(mode="OBJECT")
    assert found(rig).rest.fingerprint != before


def test_a_switch_that_was_added_as_the_refusal_says(scene):
    maps = module("rig.bone_maps.lookup")
    rig, _ = character.make()
    hand = "mixamorig:LeftHand"
    maps.set_override(scene, rig, with_switch(hand, "IK_FK"), {})
    assert f"Bone '{hand}' has no custom property 'IK_FK'" in found(rig).why
    rig.pose.bones[hand]["IK_FK"] = 1.0
    assert not found(rig).why


def test_what_deforms_is_looked_at_again(scene):
    rig, _ = character.make()
    assert all(found(rig).rest.deform)
    rig.data.bones[ELBOW].use_deform = False
    assert not all(found(rig).rest.deform)


def test_a_map_by_hand_whose_bone_was_renamed_is_refused_with_its_name(scene, backend, generate):
    rig, _ = character.make()
    bpy.ops.posewright.map_clear(slot="left_foot")
    rig.data.bones[ELBOW].name = "tentacle"
    backend()
    message = generate()
    assert ELBOW in message and "Bone Map" in message
    assert rig.animation_data is None


def test_a_map_that_another_version_wrote_can_be_reset(scene):
    rig, _ = character.make()
    bpy.ops.posewright.map_clear(slot="left_foot")
    scene.posewright.maps[0].json = '{"version": 9}'
    assert "version 9" in found(rig).why
    bpy.ops.posewright.map_reset()
    assert not found(rig).why


def test_asking_again_maps_nothing_anew(scene, monkeypatch):
    """Panels ask at every redraw."""
    rig, _ = character.make()
    first = found(rig)

    def raises(*_):
        raise AssertionError("mapped again")

    monkeypatch.setattr(module("rig.bone_maps.lookup"), "automatic", raises)
    assert found(rig) is first
