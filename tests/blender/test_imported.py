"""FBX and glTF files give what a BVH of the same recording gives: its rest pose mended, its whole way."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pytest

from tests.blender import character
from tests.blender.body_plan import Build, bone_map
from tests.blender.driving import drive
from tests.blender.measure import module

FRAMES = 25
SIDES = (("left", 1.0), ("right", -1.0))


def read(path: Path):
    steps = module("rig.sources.motion_files").reading_file(bpy.context, path)
    return module("rig.fitting.steps").finished(steps)


def onto_ours(source):
    base = module("backend.motion.skeleton").canonical()
    points = module("backend.motion.retarget").slot_points(base)
    return module("backend.motion.from_elsewhere").onto_character(source.motion, source.bone_map, points)


def about(axis: int, degrees) -> np.ndarray:
    return module("backend.motion.rotations").from_axis_angle(np.eye(3)[axis], np.deg2rad(degrees))


def recorded():
    """Elbows fold forwards and open again, against a rest pose with spread legs and rolled arms, as CMU's are."""
    motions, rot = module("backend.motion.motion"), module("backend.motion.rotations")
    base = module("backend.motion.skeleton").canonical()
    turns = np.tile(rot.IDENTITY, (FRAMES + 1, len(base), 1))
    for side, sign in SIDES:
        bend = 35.0 - 35.0 * np.cos(np.linspace(0.0, 2.0 * np.pi, FRAMES))
        turns[:FRAMES, base.index(f"{side}_elbow")] = about(1, -sign * bend)
        turns[FRAMES, base.index(f"{side}_hip")] = about(2, sign * 20.0)
        turns[FRAMES, base.index(f"{side}_shoulder")] = about(0, sign * 30.0)
        turns[FRAMES, base.index(f"{side}_wrist")] = about(0, -sign * 30.0)
    root = np.tile([0.0, base.hip_height, 0.0], (FRAMES + 1, 1))
    moved = module("backend.motion.retarget").rebound(motions.Motion(base, root, turns, 24), FRAMES)[:FRAMES]
    slots = bone_map(Build()).slots
    names = tuple(slots[name][0] for name in base.names)
    skeleton = module("backend.motion.skeleton").Skeleton("other", names, base.parents, moved.skeleton.offsets)
    return motions.Motion(skeleton, moved.root, moved.rotations, 24)


@pytest.mark.parametrize("ending", [".glb", ".fbx"])
def test_the_rest_pose_is_mended_as_a_bvh_s(scene, tmp_path, ending):
    scene.render.fps, scene.frame_end = 24, FRAMES
    module("backend.motion.formats.bvh").write(tmp_path / "one.bvh", recorded())
    bpy.ops.import_anim.bvh(filepath=str(tmp_path / "one.bvh"), global_scale=0.01)
    if ending == ".glb":
        bpy.ops.export_scene.gltf(filepath=str(tmp_path / "one.glb"), export_format="GLB")
    else:
        bpy.ops.export_scene.fbx(
            filepath=str(tmp_path / "one.fbx"), add_leaf_bones=False, bake_anim_simplify_factor=0.0
        )
    wanted, found = (onto_ours(read(tmp_path / f"one{end}")) for end in (".bvh", ending))
    apart = module("backend.motion.rotations").angle_between(found.rotations, wanted.rotations)
    assert np.rad2deg(apart).max() < 0.2
    hips = wanted.rotations[:, wanted.skeleton.index("left_hip")]
    assert np.rad2deg(module("backend.motion.rotations").angle(hips)).max() < 1.0  # legs that hang


def test_what_the_armature_hangs_on_takes_it_along(scene, tmp_path):
    scene.render.fps, scene.frame_end = 24, FRAMES
    rig, _ = character.make(Build(), "Rider")
    drive(rig, Build())
    cart = bpy.data.objects.new("Cart", None)
    scene.collection.objects.link(cart)
    rig.parent = cart
    for frame, way in ((1, 0.0), (FRAMES, 3.0)):
        cart.location = (way, 0.0, 0.0)
        cart.keyframe_insert("location", frame=frame)
    whole = {"bake_anim_use_all_actions": False, "bake_anim_use_nla_strips": False}  # the scene as one animation
    bpy.ops.export_scene.fbx(filepath=str(tmp_path / "cart.fbx"), add_leaf_bones=False, **whole)
    root = read(tmp_path / "cart.fbx").motion.root
    assert root[FRAMES - 1, 0] - root[0, 0] == pytest.approx(3.0, abs=0.1)
