"""FBX and glTF files through Blender's own importers, for as long as they are read: nothing of them stays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import bpy

from ..fitting.stage import stage
from ..reading import unkeyed
from ..refusal import Refusal

GLTF = (".glb", ".gltf", ".vrm")
FBX = (".fbx",)


@dataclass(frozen=True, eq=False)
class Imported:
    """What a file holds: a scene at the file's frame rate, and the actions that came with it."""

    scene: bpy.types.Scene
    actions: list[bpy.types.Action]


@contextmanager
def imported(context: bpy.types.Context, path: Path, rate: Fraction) -> Iterator[Imported]:
    """The file in a scene of its own. For glTF, which counts seconds, its frame rate is near ``rate``.

    Scene, mode, selection and unkeyed poses of the user stay. Refusal for a file that cannot be imported.
    """
    with stage() as scene:
        scene.render.fps, scene.render.fps_base = max(1, round(rate)), 1.0
        known = set(_everything())
        try:
            with _shown(context, scene):
                _import(path)
                _disconnect(scene)
            yield Imported(scene, [a for a in bpy.data.actions if a.session_uid not in known])
        finally:
            bpy.data.batch_remove([thing for uid, thing in _everything().items() if uid not in known])


@contextmanager
def _shown(context: bpy.types.Context, scene: bpy.types.Scene) -> Iterator[None]:
    """``scene`` in the window: the importers work on what the window shows, whatever the context says."""
    window = context.window or context.window_manager.windows[0]
    own, layer = window.scene, window.view_layer
    with unkeyed.kept(own):
        window.scene = scene
        try:
            yield
        finally:
            window.scene = own
            window.view_layer = layer


def _import(path: Path) -> None:
    if path.suffix.lower() in GLTF:
        operator = bpy.ops.import_scene.gltf
    elif bpy.app.version >= (5, 0, 0):  # that of 4.5 loses how the thing moves that an armature hangs on
        operator = bpy.ops.wm.fbx_import
    else:
        operator = bpy.ops.import_scene.fbx
    try:
        done = operator(filepath=str(path))
    except (RuntimeError, AttributeError) as error:  # what an operator reports, and one whose add-on is switched off
        lines = str(error).removeprefix("Error: ").strip().splitlines()
        said = [line for line in lines if not line.startswith("Location:")] or ["no reason given"]
        raise Refusal(
            f"Blender cannot import '{path.name}': {said[-1][:200]}. Open it in the program that it comes from and "
            "export it again, or switch on Blender's add-on for this format."
        ) from error
    if done != {"FINISHED"}:
        raise Refusal(f"Blender did not import '{path.name}': its importer gave up without a reason.")


def _disconnect(scene: bpy.types.Scene) -> None:
    """Lets every bone move: an importer ties a bone to a parent that ends where it begins, and a tied bone is only
    turned. Hips on a root bone would stay where they are."""
    for rig in scene.objects:
        if rig.type == "ARMATURE" and any(bone.use_connect for bone in rig.data.bones):
            scene.view_layers[0].objects.active = rig
            bpy.ops.object.mode_set(mode="EDIT")
            for bone in rig.data.edit_bones:
                bone.use_connect = False
            bpy.ops.object.mode_set(mode="OBJECT")


def _everything() -> dict[int, bpy.types.ID]:
    """All that Blender holds, by its uid."""
    collections = [p.identifier for p in bpy.data.bl_rna.properties if p.type == "COLLECTION"]
    return {thing.session_uid: thing for name in collections for thing in getattr(bpy.data, name)}
