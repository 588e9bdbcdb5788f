"""What Blender shows: every bone of a rig on every frame, by its own evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import bpy
import numpy as np

from tests.blender.measure import module


@dataclass(frozen=True, eq=False)
class Played:
    """``heads`` and ``tails`` (T, N, 3) in world metres, Y up; ``turns`` (T, N, 4) in the world, away from rest."""

    names: tuple[str, ...]
    heads: np.ndarray
    tails: np.ndarray
    turns: np.ndarray

    def index(self, bone: str) -> int:
        return self.names.index(bone)


def played(rig: bpy.types.Object, frames: Sequence[int]) -> Played:
    """``rig`` on the scene's ``frames``; the playhead stays on the last one."""
    names = tuple(bone.name for bone in rig.pose.bones)
    matrices, flat = np.empty((len(frames), len(names), 4, 4)), np.empty(16 * len(names), np.float32)
    for t, frame in enumerate(frames):
        bpy.context.scene.frame_set(frame)
        shown = rig.evaluated_get(bpy.context.evaluated_depsgraph_get())
        shown.pose.bones.foreach_get("matrix", flat)
        # foreach_get gives matrices column after column
        matrices[t] = np.array(shown.matrix_world, float) @ flat.reshape(-1, 4, 4).transpose(0, 2, 1)
    heads, turned = _in_y_up(matrices)
    rest = np.array([rig.data.bones[name].matrix_local for name in names], float)
    _, resting = _in_y_up(np.array(rig.matrix_world, float) @ rest)
    rot = module("backend.motion.rotations")
    lengths = np.array([bone.length for bone in rig.pose.bones])
    along = matrices[..., :3, 1] * lengths[:, None] * bpy.context.scene.unit_settings.scale_length
    tails = heads + module("backend.motion.axes").vectors_to_y_up(along)
    return Played(names, heads, tails, rot.multiply(turned, rot.inverse(resting)))


def _in_y_up(matrices) -> tuple[np.ndarray, np.ndarray]:
    """World matrices (..., 4, 4) to positions in metres and rotations (..., 4) of axes that are turned along."""
    axes, rot = module("backend.motion.axes"), module("backend.motion.rotations")
    turned = matrices[..., :3, :3] / np.linalg.norm(matrices[..., :3, :3], axis=-2, keepdims=True)
    places = axes.vectors_to_y_up(matrices[..., :3, 3]) * bpy.context.scene.unit_settings.scale_length
    return places, rot.from_matrix(axes.transforms_to_y_up(turned))
