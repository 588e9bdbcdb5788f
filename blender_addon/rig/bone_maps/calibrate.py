"""The pose that an armature is in now as the one that its bones are measured from."""

from __future__ import annotations

from dataclasses import replace

import bpy
import numpy as np

from ...backend.motion import rotations as rot
from ...backend.motion.bone_map import BoneMap, Calibration
from ...backend.motion.rest_rig import RestRig

_DIGITS = 9
"""kept of every number: more than Blender's own have"""
_SAME = 0.01
"""difference of lengths, by the longest, up to which two rigs are the same"""


def calibration(
    context: bpy.types.Context, rig: bpy.types.Object, bone_map: BoneMap, t_pose: bool = False
) -> Calibration:
    """Of every bone that the map names, as the evaluated rig has it at the playhead. Nothing in the scene changes."""
    names = sorted(b for b in bone_map.bones if b in rig.data.bones)
    evaluated = rig.evaluated_get(context.evaluated_depsgraph_get())
    posed = np.array([evaluated.pose.bones[n].matrix for n in names], float)
    rest = np.array([rig.data.bones[n].matrix_local for n in names], float)
    turned = away_from_rest(posed[:, :3, :3], rest[:, :3, :3])
    heads = posed[:, :3, 3]
    return Calibration(
        {n: tuple(q) for n, q in zip(names, turned.round(_DIGITS).tolist())},
        {n: tuple(h) for n, h in zip(names, heads.round(_DIGITS).tolist())},
        t_pose,
    )


def away_from_rest(posed: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Rotations (N, 4) in armature space that take ``rest`` (N, 3, 3) to ``posed``, which may be scaled."""
    sizes = np.linalg.norm(posed, axis=1, keepdims=True)
    return rot.multiply(rot.from_matrix(posed / np.maximum(sizes, 1e-12)), rot.inverse(rot.from_matrix(rest)))


def on_rig(made: Calibration, rig: RestRig) -> Calibration:
    """The same pose on a rig with the same bones, which may be larger or of other proportions."""
    index = {name: i for i, name in enumerate(rig.names)}
    if _same_lengths(made, rig, index):
        return made
    turns, heads = np.zeros((len(index), 4)), rig.heads.copy()
    for i, (name, parent) in enumerate(zip(rig.names, rig.parents)):
        above = turns[parent] if parent >= 0 else np.array([1.0, 0.0, 0.0, 0.0])
        turns[i] = made.rotations.get(name, above)
        if parent >= 0:
            heads[i] = heads[parent] + rot.rotate(above, rig.heads[i] - rig.heads[parent])
    return replace(made, heads={b: tuple(heads[index[b]].round(_DIGITS).tolist()) for b in made.heads if b in index})


def _same_lengths(made: Calibration, rig: RestRig, index: dict[str, int]) -> bool:
    """Whether every bone is as far from its parent as it was on the rig that was calibrated."""
    pairs = [(b, rig.names[rig.parents[index[b]]]) for b in made.heads if b in index and rig.parents[index[b]] >= 0]
    pairs = [(bone, parent) for bone, parent in pairs if parent in made.heads]
    posed = np.array([np.subtract(made.heads[a], made.heads[b]) for a, b in pairs]).reshape(-1, 3)
    rest = np.array([rig.heads[index[a]] - rig.heads[index[b]] for a, b in pairs]).reshape(-1, 3)
    lengths = np.linalg.norm(rest, axis=1)
    return bool(np.abs(np.linalg.norm(posed, axis=1) - lengths).max(initial=0.0) <= _SAME * lengths.max(initial=0.0))
