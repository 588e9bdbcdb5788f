"""Rigs that Rigify generates and that are no single human: a cat, and two characters joined."""

from __future__ import annotations

import bpy
import pytest

from tests.blender import character, generated
from tests.blender.measure import module


def mapped(rig):
    return module("backend.motion.mapping.automatic").automatic(module("rig.reading.rest").rest_rig(rig))


def test_a_cat_stands_on_four_legs(scene, tmp_path):
    path = str(tmp_path / "cat.blend")
    generated.generate(path, "cat")
    rig = generated.open_rig(path)
    assert generated.map_of(rig) is not None  # its bones have the names of a human's
    with pytest.raises(ValueError, match="stands on four legs .'ORG-upper_arm.L' and 'ORG-thigh.L'"):
        mapped(rig)


@pytest.mark.parametrize("aside", [0.0, 2.0])
def test_two_characters_joined(scene, tmp_path, aside):
    path = str(tmp_path / "basic.blend")
    generated.generate(path, "basic_human")
    rig = generated.open_rig(path)
    assert mapped(rig).bone_map.name == "rigify"
    other = rig.copy()
    other.data = rig.data.copy()
    other.location.x += aside
    bpy.context.collection.objects.link(other)
    bpy.context.view_layer.update()
    character.select(rig, other)
    bpy.ops.object.join()
    with pytest.raises(ValueError, match="holds two characters .bones 'torso' and 'torso.001'"):
        mapped(rig)
