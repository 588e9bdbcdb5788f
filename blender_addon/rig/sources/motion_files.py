"""Motions from files: BVH and NPZ by our own readers, FBX and glTF by Blender's importers."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace
from pathlib import Path

import bpy
import numpy as np

from ...backend.motion import z_up
from ...backend.motion.body_model import BodyModel
from ...backend.motion.bone_map import BoneMap
from ...backend.motion.floor import on_floor
from ...backend.motion.formats import bvh, npz
from ...backend.motion.formats.vrm import humanoid_table
from ...backend.motion.mapping.automatic import automatic
from ...backend.motion.motion import Motion
from ...backend.motion.rest_pose import as_ours
from ...backend.motion.rest_rig import RestRig
from .. import target
from ..fitting.steps import aside
from ..listing import some
from ..reading.posed import body_yaw, ground, recording_of
from ..reading.read import read_rig
from ..reading.read_motion import posing_on, rate
from ..reading.rest import rest_rig
from ..refusal import Refusal
from . import amass, file_actions
from .imported import FBX, GLTF, imported
from .retargeting import Source

ENDINGS = (".bvh", ".npz", *FBX, *GLTF)


def reading_file(
    context: bpy.types.Context, path: Path, animation: str = "", body: BodyModel | None = None, sole: float = 0.0
) -> Generator[float, None, Source]:
    """The motion of a file in steps, which yield the share that is done. ``animation``: which of several; ``body``: as
    in ``amass.read``; ``sole``: metres from its floor up to its lowest joint at rest.

    Refusal or FormatError (both ValueError) says what is wrong with the file. Nothing of it stays in Blender.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise Refusal(f"'{path.name}' is of no known kind. Choose a file that ends in {', '.join(ENDINGS)}.")
    if not path.is_file():
        raise Refusal(f"There is no file '{path}'. Choose another.")
    if ending in (*GLTF, *FBX):
        return (yield from _reading_import(context, path, animation))
    if ending == ".bvh":
        return (yield from aside(_read_bvh, path))
    return (yield from aside(_read_npz, path, body, sole))


def _read_bvh(path: Path) -> Source:
    found = bvh.load(path)
    source = _recorded(path, found.motion, found.end_sites)
    return replace(source, what="; ".join((source.what, *found.notes)))


def _recorded(path: Path, motion: Motion, ends: Mapping[str, np.ndarray] | None = None) -> Source:
    """A motion on joints of any names."""
    bone_map = automatic(RestRig.of(motion.skeleton, ends)).bone_map
    motion, turned = z_up.y_up(motion, bone_map)
    what = _words(path.name, motion, bone_map) + (f"; {z_up.WARNING}" if turned else "")
    return Source(as_ours(motion, bone_map), bone_map, what)


def _read_npz(path: Path, body: BodyModel | None, sole: float) -> Source:
    if not npz.is_ours(path):
        motion = amass.read(path, body)
        if body is None:  # then nothing tells how tall the body is or where in it the pelvis: the feet show the floor
            motion = on_floor(motion)
        else:  # the file's floor is under the soles, a Motion's under the joints
            motion = motion.moved(offset=(0.0, -sole, 0.0))
    else:
        motion = npz.read(path)
        if motion.skeleton.kind == "other":
            return _recorded(path, motion)
    return Source(motion, None, _words(path.name, motion, None))


def _reading_import(context: bpy.types.Context, path: Path, animation: str) -> Generator[float, None, Source]:
    yield 0.0  # the importer takes its time: let the window show that something is going on
    with imported(context, path, rate(context.scene)) as found:
        scene, rig = found.scene, _armature(found.scene, path)
        name, frames, others = file_actions.play(rig, found.actions, animation)
        target.check_size(rig)
        rest = rest_rig(rig)
        bone_map = automatic(replace(rest, labels=rest.labels | humanoid_table(path))).bone_map
        with context.temp_override(scene=scene, view_layer=scene.view_layers[0]):
            pose = read_rig(context, rig, bone_map)
        posed = yield from posing_on(scene, rig, pose, frames)
        motion = yield from aside(recording_of, pose, posed, rate(scene))
        yaw, place = ground(pose.space.rotation, pose.space.translation, pose.space.unit)
        yaw += body_yaw(pose)
    more = f"; it also holds {some(others)}" if others else ""
    own = BoneMap(bone_map.name, {slot: (slot,) for slot in motion.skeleton.names})
    motion = yield from aside(as_ours, motion, own)
    motion = motion.moved(0.0, -place).moved(-yaw)  # about where the armature stands, as from another armature
    return Source(motion, own, _words(f"{path.name}, '{name}'", motion, own) + more)


def _armature(scene: bpy.types.Scene, path: Path) -> bpy.types.Object:
    """The armature that moves; of several the one with most bones."""
    rigs = [thing for thing in scene.objects if thing.type == "ARMATURE"]
    if not rigs:
        raise Refusal(f"'{path.name}' holds no armature, so no character moves in it. Export it with its skeleton.")
    return max(rigs, key=lambda rig: (rig.animation_data is not None, len(rig.data.bones)))


def _words(name: str, motion: Motion, bone_map: BoneMap | None) -> str:
    mapped = f"{bone_map.name}, {len(bone_map.slots)} slots" if bone_map is not None else motion.skeleton.kind
    return f"{name}: {len(motion)} frames at {float(motion.fps):.5g} fps ({mapped})"
