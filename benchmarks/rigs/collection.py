"""Every rig that is measured, built inside Blender: files of ../shared/rigs, Rigify, SMPL-X, skeletons of BVH files."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import addon_utils
import bpy

from tests.blender import character, test_shared_rigs
from tests.blender.measure import module

from . import expected, stand_in
from .truth import Truth

SHARED = Path(__file__).resolve().parents[3] / "shared" / "rigs"


@dataclass(frozen=True)
class Rig:
    """``build`` puts the armature into an empty scene and gives it back; ``name`` is that of its sheet."""

    name: str
    about: str
    truth: Truth
    build: Callable[[], bpy.types.Object]
    control: bool = False
    """whether limbs can be keyed as FK and as IK"""


def rigs(mocap: Path) -> list[Rig]:
    """All of them; ``mocap`` is the unpacked mocap pack."""
    bvh, made = partial(_bvh, mocap / "cmu"), expected
    return [
        Rig("makehuman_mixamo", "MakeHuman, Mixamo names", made.MIXAMO, _json("makehuman_mixamo")),
        Rig("makehuman_unreal", "MakeHuman, game engine names", made.UNREAL, _json("makehuman_game_engine")),
        Rig("makehuman_cmu", "MakeHuman, CMU names", made.CMU_MAKEHUMAN, _json("makehuman_cmu_mb")),
        Rig("makehuman_default", "MakeHuman, default", made.MAKEHUMAN, _json("makehuman_default")),
        Rig("unreal_human", "GLB, Unreal names", made.UNREAL, partial(_gltf, SHARED / "unreal_human.glb")),
        Rig("quaternius_suit", "GLB, Quaternius", made.QUATERNIUS, partial(_gltf, SHARED / "quaternius_suit.glb")),
        Rig("biped_rocketbox", "FBX, 3ds Max Biped", made.BIPED, partial(_fbx, SHARED / "biped_rocketbox.fbx")),
        Rig("vrm_godette", "VRM 0.x", made.VRM, partial(_gltf, SHARED / "vrm_godette.vrm")),
        Rig("cmu_bvh", "CMU BVH, MotionBuilder", made.CMU_BVH, partial(bvh, "35/35_02.bvh", 2.54 / 45)),
        Rig("cmu_joints_bvh", "CMU BVH, joint names", made.CMU_JOINTS, partial(bvh, "131/131_01.bvh", 2.54 / 45)),
        Rig("daz_bvh", "DAZ BVH (cgspeed)", made.DAZ, partial(bvh, "13/13_26.bvh", 0.01)),
        Rig("smplx", "SMPL-X (a made-up body)", made.SMPLX, _smplx),
        Rig("rigify_basic", "Rigify, basic human", made.RIGIFY_BASIC, partial(_rigify, "basic_human"), control=True),
        Rig("rigify_human", "Rigify, human", made.RIGIFY_HUMAN, partial(_rigify, "human"), control=True),
    ]


def fresh() -> None:
    """An empty scene at 30 fps; the add-on stays switched on."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.context.scene.render.fps, bpy.context.scene.render.fps_base = 30, 1.0


def skins(rig: bpy.types.Object) -> list[bpy.types.Object]:
    """The meshes that ``rig`` deforms."""
    meshes = (o for o in bpy.context.scene.objects if o.type == "MESH")
    return [o for o in meshes if any(m.type == "ARMATURE" and m.object == rig for m in o.modifiers)]


def _json(name: str) -> Callable[[], bpy.types.Object]:
    return partial(test_shared_rigs.build, SHARED / f"{name}.json")


def _gltf(path: Path) -> bpy.types.Object:
    with tempfile.TemporaryDirectory() as folder:
        # a VRM is a GLB under another name, which the importer goes by
        bpy.ops.import_scene.gltf(filepath=shutil.copy(path, os.path.join(folder, path.stem + ".glb")))
    return _imported()


def _fbx(path: Path) -> bpy.types.Object:
    bpy.ops.import_scene.fbx(filepath=str(path))
    return _imported()


def _bvh(folder: Path, path: str, scale: float) -> bpy.types.Object:
    """The skeleton of a BVH file by Blender's importer, its motion left out."""
    head, _, motion = (folder / path).read_text(encoding="utf-8").partition("MOTION")
    time = next(line for line in motion.splitlines() if line.startswith("Frame Time"))
    zeros = " ".join(["0"] * sum(int(line.split()[1]) for line in head.splitlines() if "CHANNELS" in line))
    with tempfile.NamedTemporaryFile("w", suffix=".bvh", delete=False) as file:
        file.write(f"{head}MOTION\nFrames: 1\n{time}\n{zeros}\n")
    bpy.ops.import_anim.bvh(filepath=file.name, global_scale=scale)
    os.unlink(file.name)
    rig = _imported()
    rig.animation_data_clear()
    return rig


def _rigify(kind: str) -> bpy.types.Object:
    addon_utils.enable("rigify", default_set=True)
    getattr(bpy.ops.object, f"armature_{kind}_metarig_add")()
    metarig = bpy.context.view_layer.objects.active
    bpy.ops.pose.rigify_generate()
    rig = bpy.context.view_layer.objects.active
    bpy.data.objects.remove(metarig)
    bpy.context.view_layer.update()
    character.select(rig)
    return rig


def _smplx() -> bpy.types.Object:
    with tempfile.TemporaryDirectory() as folder:
        file = stand_in.write(Path(folder) / "SMPLX_NEUTRAL.npz")
        model = module("backend.motion.body_model").read_model(file, faces=True)
    return module("rig.smplx.character").add_character(bpy.context, model)


def _imported() -> bpy.types.Object:
    rig = next(o for o in bpy.context.scene.objects if o.type == "ARMATURE")
    character.select(rig)
    bpy.context.view_layer.update()
    return rig
