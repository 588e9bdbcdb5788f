"""What the animator keyed on a rig. The keys that we wrote do not count."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

import bpy
import numpy as np

from ...backend.motion.bone_map import BoneMap
from ..writing.actions import curves_of
from ..writing.written import Written
from .bound import OBJECT, posing_channels

_CHANNEL = re.compile(
    r'(?:pose\.bones\["(?P<bone>(?:[^"\\]|\\.)*)"\]\.)?'
    r"(?P<what>location|rotation)(?:_euler|_quaternion|_axis_angle)?$"
)
_NEAR = 0.01  # Blender takes keys as near as this for one


def keyed_frames(rig: bpy.types.Object, bone_map: BoneMap) -> list[int]:
    """Whole frames on which the animator keyed a pose of the body: see ``posing_channels``."""
    posing = posing_channels(bone_map)
    found = [keyed for bone, what, keyed in _curves(rig) if (bone, what) in posing]
    return np.unique(np.concatenate(found)).tolist() if found else []


def keyed_channels(rig: bpy.types.Object, frames: Collection[int]) -> dict[int, dict[str, set[str]]]:
    """Of each frame: bone -> "location" and "rotation" as far as they have keys there."""
    found: dict[int, dict[str, set[str]]] = {frame: {} for frame in frames}
    for bone, what, keyed in _curves(rig):
        for frame in found.keys() & set(keyed.tolist()):
            found[frame].setdefault(bone, set()).add(what)
    return found


def _curves(rig: bpy.types.Object) -> Iterator[tuple[str, str, np.ndarray]]:
    """(bone, "location" or "rotation", whole frames with the animator's keys) of the active action's curves."""
    curves = curves_of(rig)
    written = Written(rig.animation_data.action) if curves else None
    for curve in curves:
        channel = _CHANNEL.match(curve.data_path)
        if channel is None:
            continue
        co = np.empty(2 * len(curve.keyframe_points), np.float32)
        curve.keyframe_points.foreach_get("co", co)
        times = co[::2][written.by_hand(curve)].astype(float)
        whole = np.rint(times)
        bone = channel["bone"]
        yield (
            OBJECT if bone is None else bpy.utils.unescape_identifier(bone),
            channel["what"],
            whole[np.abs(times - whole) < _NEAR].astype(int),
        )
