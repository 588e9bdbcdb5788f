"""The rig once more, before a motion is put on it: much may have changed since it was read for that motion."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from math import isclose

import bpy
import numpy as np

from ...backend.motion import rotations as rot
from .. import target
from ..bones import RigPose
from ..refusal import Refusal
from .read import read_rig

_SAME = 1e-6
"""relative and absolute: what lies closer was only rounded differently"""
_SAME_SIZE = 1e-3


def read_again(context: bpy.types.Context, rig: bpy.types.Object, pose: RigPose) -> tuple[RigPose, tuple[str, ...]]:
    """The rig as it is by now, for a motion that was made for ``pose``, and what there is to say about it.

    Rolls, parents, constraints, switches, what is posed and where the object stands may be others: the motion still
    begins where ``pose`` stood. ``pose`` itself comes back when nothing is, so that what was solved for it holds.
    Refusal when the body is not the one that the motion was made for, or cannot be animated.
    """
    _check_bones(rig, pose)
    context.view_layer.update()
    target.check_size(rig)
    found = read_rig(context, rig, pose.bone_map)
    _check_size(rig, pose, found)
    news = [warning for warning in found.warnings if warning not in pose.warnings]
    if _moved(pose, found):
        news.append(f"'{rig.name}' was moved meanwhile: the motion begins where it stood before.")
    found = replace(found, origin=pose.origin, floor=pose.floor, heading=pose.heading, warnings=pose.warnings)
    return pose if _alike(pose, found) else found, tuple(news)


def _check_bones(rig: bpy.types.Object, pose: RigPose) -> None:
    gone = sorted(bone for bone in pose.bone_map.bones if bone not in rig.pose.bones)
    if gone:
        raise Refusal(f"Bone '{gone[0]}' of '{rig.name}' was renamed or deleted meanwhile. Start again.")
    for bone in (bone for own in pose.bone_map.slots.values() for bone in own):
        before = pose.bones.head[pose.bones.index[bone]]
        off = np.abs(np.array(rig.data.bones[bone].head_local, float) - before).max()
        if off > 1e-5 * max(1.0, np.abs(before).max()):
            raise Refusal(f"Bone '{bone}' of '{rig.name}' was moved at rest meanwhile. Start again.")


def _check_size(rig: bpy.types.Object, pose: RigPose, found: RigPose) -> None:
    before, now = (p.space.scale * p.space.unit for p in (pose, found))
    if not isclose(before, now, rel_tol=_SAME_SIZE):
        raise Refusal(
            f"'{rig.name}' was scaled meanwhile, {now / before:.3g} times its size. "
            "Scale it back and try again, or press Generate again."
        )


def _moved(pose: RigPose, found: RigPose) -> bool:
    way = np.abs(found.space.translation - pose.space.translation).max() * pose.space.unit
    return way > 1e-4 or rot.angle_between(found.space.rotation, pose.space.rotation) > 1e-4


def _alike(a, b) -> bool:
    """Whether two readings, or parts of them, say the same."""
    if isinstance(a, np.ndarray):
        return a.shape == b.shape and np.allclose(a, b, rtol=_SAME, atol=_SAME)
    if isinstance(a, float):
        return isclose(a, b, rel_tol=_SAME, abs_tol=_SAME)
    if is_dataclass(a):
        return type(a) is type(b) and all(_alike(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_alike(a[key], b[key]) for key in a)
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(_alike, a, b))
    return a == b
