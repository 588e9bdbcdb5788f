"""What carries the motion over the ground: the world motion is the same, whatever carries it."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from tests.blender import body_plan, character
from tests.blender.body_plan import Build
from tests.blender.driving import at, distances, drive, swinging
from tests.blender.measure import module, posed

ROOTED = Build(root_bone=True, rolls=4)
HIPS = "mixamorig:Hips"


def curves(rig) -> set[tuple[str, int]]:
    return {(c.data_path, c.array_index) for c in module("rig.writing.actions").curves_of(rig)}


def walking(rig, build=ROOTED, frames: int = 60):
    """A walk around a bend on the rig's own skeleton."""
    pose = module("rig.reading.read").read_rig(bpy.context, rig, body_plan.bone_map(build))
    return swinging(pose.skeleton, frames, size=0.3, turn=0.6)


def test_the_root_bone_takes_ground_and_heading_alone(scene):
    rig, _ = character.make(ROOTED)
    driven = drive(rig, ROOTED, walking(rig), root="root")
    assert max(distances(driven).values()) < 1e-4
    start, end = at(driven, "Root", 0), at(driven, "Root", 59)
    assert start[1] == pytest.approx(0.0, abs=1e-5) and end[1] == pytest.approx(0.0, abs=1e-5)
    hips = at(driven, HIPS, 59)
    assert np.linalg.norm((end - hips)[[0, 2]]) < 0.05  # under the hips
    steps = [at(driven, "Root", t) for t in range(20, 40)]
    jerks = np.diff(steps, axis=0)
    assert np.abs(np.diff(jerks, axis=0)).max() < 0.002  # the hips sway by 3 cm, the root does not
    scene.frame_set(30)
    turn = rig.pose.bones["Root"].matrix @ rig.data.bones["Root"].matrix_local.inverted()
    assert np.allclose(np.array(turn.to_3x3())[2], [0, 0, 1], atol=1e-5)  # upright


def test_a_raised_and_moved_root_bone_stays_on_its_floor(scene):
    rig, _ = character.make(ROOTED)
    root = rig.pose.bones["Root"]
    root.matrix = root.matrix.Translation((0.4, 0.2, 0.5)) @ root.matrix
    bpy.context.view_layer.update()
    driven = drive(rig, ROOTED, walking(rig), root="root")
    assert max(distances(driven).values()) < 1e-4
    assert at(driven, "Root", 30)[1] == pytest.approx(0.5, abs=1e-5)


@pytest.mark.parametrize("root", ["root", "object"])
def test_centimetres_and_a_single_frame(scene, root):
    build = Build(root_bone=True, scale=100.0)
    rig, _ = character.make(build)
    rig.scale = (0.01, 0.01, 0.01)
    rig.location, rig.rotation_euler = (2.0, 1.0, 0.3), (0.0, 0.0, 0.8)
    bpy.context.view_layer.update()
    driven = drive(rig, build, walking(rig, build), root=root)
    assert max(distances(driven).values()) < 1e-3
    driven = drive(rig, build, driven.motion[:1], root=root)
    assert max(distances(driven).values()) < 1e-3


@pytest.mark.parametrize("root", ["hips", "root", "in_place"])
def test_thighs_that_hang_on_the_root_bone(scene, state, root):
    """What carries legs and hips is keyed only where it is asked to take the way."""
    rig, _ = character.make(ROOTED)
    thighs = {f"mixamorig:{side}UpLeg" for side in ("Left", "Right")}
    bpy.ops.object.mode_set(mode="EDIT")
    for bone in thighs:
        rig.data.edit_bones[bone].parent = rig.data.edit_bones["Root"]
    bpy.ops.object.mode_set(mode="OBJECT")
    found = state.maps.of(bpy.context, rig).bone_map
    assert (found.root, found.body) == ("Root", None)
    motion = walking(rig)
    driven = drive(rig, ROOTED, motion, found, root=root)
    if root == "in_place":
        driven.motion = module("rig.solving.roots").in_place(motion)
    assert max(distances(driven).values()) < 1e-4
    keyed = {path.split('"')[1] for path, _ in curves(rig) if path.endswith("location")}
    assert keyed == {HIPS, *thighs} | ({"Root"} if root == "root" else set())
    walked = np.linalg.norm(at(driven, "Root", 59) - at(driven, "Root", 0))
    assert walked > 1.0 if root == "root" else walked < 1e-6


def test_hips_that_are_connected_to_the_root_bone(scene):
    rig, _ = character.make(ROOTED)
    bpy.ops.object.mode_set(mode="EDIT")
    bones = rig.data.edit_bones
    bones["Root"].tail = bones[HIPS].head
    bones[HIPS].use_connect = True
    bpy.ops.object.mode_set(mode="OBJECT")
    driven = drive(rig, ROOTED, walking(rig))
    assert any("connected to its parent" in w for w in driven.applied.warnings)
    assert (f'pose.bones["{HIPS}"].location', 0) not in curves(rig)
    assert (f'pose.bones["{HIPS}"].rotation_quaternion', 0) in curves(rig)


def test_without_a_root_bone_it_is_refused(scene):
    rig, _ = character.make()
    with pytest.raises(module("rig.refusal").Refusal, match="Choose Hips, Object or In Place"):
        drive(rig, root="root")
    assert rig.animation_data is None and not bpy.data.actions


@pytest.mark.parametrize("mode", ["QUATERNION", "XZY", "AXIS_ANGLE"])
def test_the_object_goes_under_a_parent_with_deltas(scene, mode):
    rig, _ = character.make(ROOTED)
    parent = bpy.data.objects.new("Parent", None)
    bpy.context.collection.objects.link(parent)
    parent.location, parent.rotation_euler, parent.scale = (3, -1, 0.2), (0.3, -0.2, 1.1), (2, 2, 2)
    rig.parent = parent
    rig.rotation_mode, rig.location = mode, (0.3, 0.2, 0.0)
    rig.rotation_euler = rig.delta_rotation_euler = (0.1, 0.2, 0.3)
    rig.delta_rotation_quaternion = (0.9, 0.1, 0.3, 0.2)
    rig.delta_location = (0.1, 0.5, -0.2)
    bpy.context.view_layer.update()
    driven = drive(rig, ROOTED, walking(rig), root="object")
    assert max(distances(driven).values()) < 1e-3
    path = module("rig.writing.channels").path_of(mode)
    keyed = {i for p, i in curves(rig) if p == path}
    assert keyed == set(range(module("rig.writing.channels").size_of(mode)))
    assert {i for p, i in curves(rig) if p == "location"} == {0, 1, 2}
    scene.frame_set(1)
    start = np.array(rig.matrix_world.translation)
    scene.frame_set(60)
    assert np.linalg.norm(np.array(rig.matrix_world.translation) - start) > 1.0
    assert np.linalg.norm(rig.pose.bones[HIPS].location) < 0.1


def test_the_object_is_not_carried_where_something_holds_it(scene):
    rig, _ = character.make()
    rig.constraints.new("LIMIT_LOCATION")
    with pytest.raises(module("rig.refusal").Refusal, match="constraints hold 'Rig'"):
        drive(rig, root="object")
    assert rig.animation_data is None


def test_in_place_sways_where_it_began(scene):
    rig, _ = character.make()
    motion = walking(rig, Build())
    driven = drive(rig, motion=motion, root="in_place")
    hips = np.array([at(driven, HIPS, t) for t in range(60)])
    assert np.linalg.norm((hips - motion.root[0])[:, [0, 2]], axis=-1).max() < 0.12
    assert np.allclose(hips[:, 1], motion.root[:, 1] + driven.pose.floor, atol=1e-4)
    assert np.ptp(hips[:, 0]) > 0.01


def _export_glb(path: str) -> None:
    bpy.ops.export_scene.gltf(filepath=path, export_animations=True, export_force_sampling=True)


def _export_fbx(path: str) -> None:
    bpy.ops.export_scene.fbx(filepath=path, bake_anim=True, add_leaf_bones=False, bake_anim_simplify_factor=0.0)


@pytest.mark.parametrize(
    ("suffix", "export", "read"),
    [
        (".glb", _export_glb, lambda path: bpy.ops.import_scene.gltf(filepath=path)),
        (".fbx", _export_fbx, lambda path: bpy.ops.import_scene.fbx(filepath=path)),
    ],
)
def test_files_keep_the_root_motion(scene, tmp_path, suffix, export, read):
    rig, _ = character.make(ROOTED)
    scene.frame_start, scene.frame_end = 1, 30
    driven = drive(rig, ROOTED, walking(rig, frames=30), root="root")
    where = {(b, t): at(driven, b, t) for b in ("Root", HIPS, "mixamorig:LeftHand") for t in (0, 13, 29)}
    export(str(tmp_path / f"walk{suffix}"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.context.scene.render.fps = 30
    read(str(tmp_path / f"walk{suffix}"))
    other = next(o for o in bpy.data.objects if o.type == "ARMATURE")
    # the importers begin at frames of their own
    offset = round(other.animation_data.action.frame_range[0])
    for (bone, t), expected in where.items():
        bpy.context.scene.frame_set(offset + t)
        assert np.linalg.norm(posed(other, bone) - expected) < 1e-3, (bone, t)
