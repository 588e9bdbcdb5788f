"""Rigs that others made (``shared/rigs``, beside the repository): mapped by their names and driven."""

from __future__ import annotations

import json
from pathlib import Path

import bpy
import numpy as np
import pytest

from tests.blender import character
from tests.blender.driving import at, distances, drive
from tests.blender.measure import deviation

RIGS = Path(__file__).resolve().parents[3] / "shared" / "rigs"
SCHEMES = {
    "makehuman_mixamo.json": "Mixamo",
    "makehuman_game_engine.json": "Unreal",
    "makehuman_cmu_mb.json": "CMU",
}


def build(path: Path) -> bpy.types.Object:
    """The armature of a JSON file of bone -> parent, head, tail (metres, Z up, facing -Y) and roll (radians)."""
    bones = json.loads(path.read_text())
    rig = bpy.data.objects.new(path.stem, bpy.data.armatures.new(path.stem))
    bpy.context.collection.objects.link(rig)
    character.select(rig)
    bpy.ops.object.mode_set(mode="EDIT")
    for name, bone in bones.items():
        edit = rig.data.edit_bones.new(name)
        edit.head, edit.tail, edit.roll = bone["head"], bone["tail"], bone["roll"]
    for name, bone in bones.items():
        if bone["parent"]:
            rig.data.edit_bones[name].parent = rig.data.edit_bones[bone["parent"]]
    bpy.ops.object.mode_set(mode="OBJECT")
    assert len(rig.data.bones) == len(bones)
    bpy.context.view_layer.update()
    return rig


@pytest.mark.parametrize("name", SCHEMES)
def test_mapped_and_driven(scene, state, backend, generate, name):
    if not (RIGS / name).is_file():
        pytest.skip(f"{RIGS / name} is not there: the rigs to test with are not in the repository")
    rig = build(RIGS / name)
    backend()
    assert not generate(takes=2)
    report = json.loads(scene.posewright.report)
    assert report["map"].startswith(SCHEMES[name])
    slots = state.result.order.pose.bone_map.slots
    print(f"{name}: {report['map']}, {len(slots)} slots")
    # a neck of two bones bows where the Motion's is stiff: its lower bone takes half of the turn of up to 0.8 radians
    bowed = {"head"} if len(slots["neck"]) > 1 else set()
    assert deviation(rig, state.result, range(60), set(slots) - bowed) < 1e-3
    if bowed:
        lower, upper = (rig.data.bones[b].head_local for b in slots["neck"])
        assert deviation(rig, state.result, range(60), bowed) < 2 * np.sin(0.2) * (upper - lower).length + 1e-3
    scene.frame_set(60)
    pelvis = slots["pelvis"][0]
    walked = np.array(rig.pose.bones[pelvis].head) - np.array(rig.data.bones[pelvis].head_local)
    assert walked[1] < -1.5  # the fake walk goes where the character faces


@pytest.mark.parametrize("root", ["hips", "root"])
def test_quaternius_root_stands_where_it_is_unless_it_takes_the_way(scene, state, root):
    """Its thighs hang on the bone on the ground, beside the hips."""
    path = RIGS / "quaternius_suit.glb"
    if not path.is_file():
        pytest.skip(f"{path} is not there: the rigs to test with are not in the repository")
    bpy.ops.import_scene.gltf(filepath=str(path))
    rig = next(o for o in bpy.data.objects if o.type == "ARMATURE")
    character.select(rig)
    driven = drive(rig, bone_map=state.maps.of(bpy.context, rig).bone_map, root=root)
    assert max(distances(driven).values()) < 2e-4
    walked = np.linalg.norm(at(driven, "Root", 59) - at(driven, "Root", 0))
    assert walked > 1.0 if root == "root" else walked < 1e-6
