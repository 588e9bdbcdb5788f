"""How much more a bone turns about itself from frame to frame than the performer's own does."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tests.blender.measure import module

from .driving import Drive


def excess(drive: Drive, deforming: Mapping[str, tuple[str, ...]]) -> float:
    """Largest step in degrees over the source's, of the bones of arms and legs and of their twist bones; on a control
    rig of those that ``deforming`` has for the slot of a limb's start, which nobody keys.

    A bone that shares its twist with its neighbours may turn as much as the performer's part, the one above it or the
    one below it does about the same axis in the same frame.
    """
    worst = -np.inf
    for side in ("left_", "right_"):
        for part, below in module("backend.motion.skeleton").SEGMENTS.items():
            slot = side + part
            axis = drive.heads(side + below) - drive.heads(slot)
            axis = axis / np.linalg.norm(axis, axis=-1, keepdims=True)
            allowed = _allowed(drive, slot, side + below, axis)
            controls = drive.pose.bone_map.controls.get(slot)
            beside = controls.twist if controls else ()
            for bone in drive.pose.bone_map.slots[slot] + beside + deforming.get(slot, ()):
                step = _step(drive.shown.turns[:, drive.shown.index(bone)], axis)
                worst = max(worst, float((step - allowed).max()))
    return worst


def _allowed(drive: Drive, slot: str, below: str, axis) -> np.ndarray:
    """(T - 1,) degrees."""
    names, parents = drive.motion.skeleton.names, drive.motion.skeleton.parents
    above = names[parents[names.index(slot)]]
    _, world = module("backend.motion.kinematics").pose(drive.source)
    mapped = [s for s in (above, slot, below) if s in drive.clip.bone_map.slots]
    bones = [bone for s in mapped for bone in drive.clip.bone_map.slots[s]]
    return np.max([_step(world[:, drive.source.skeleton.index(b)], axis) for b in bones], axis=0)


def _step(turns, axis) -> np.ndarray:
    """Degrees (T - 1,) that ``turns`` (T, 4) go about ``axis`` (T, 3) from each frame to the next."""
    rot = module("backend.motion.rotations")
    step = rot.multiply(turns[1:], rot.inverse(turns[:-1]))
    along = np.einsum("ti,ti->t", step[:, 1:], axis[:-1])
    return np.degrees(2 * np.abs(np.arctan2(along, np.abs(step[:, 0]))))
