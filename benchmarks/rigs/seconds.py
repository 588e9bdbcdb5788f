"""How long 300 frames take on a rig, beside ``keyframe_insert`` of the same values in the same process."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from statistics import median

import bpy
import numpy as np

from tests.blender.measure import module

from . import driving
from .clips import Clip

FRAMES, ROUNDS = 300, 3


@dataclass(frozen=True)
class Seconds:
    """Of this process, which works on one core: others' work counts little. ``whole``: solved and put on the rig,
    median of ``ROUNDS``. ``baseline``: its ``channels`` keyed one by one."""

    whole: float
    baseline: float
    channels: int


def seconds(rig: bpy.types.Object, pose, clip: Clip) -> Seconds:
    """Of the ``clip``."""
    motion = of_length(driving.onto(pose, clip, corrected=False)[1])
    options, apply_motion = module("rig.options").WriteOptions(), module("rig.writing.write").apply_motion
    taken = []
    for _ in range(ROUNDS + 1):
        driving.clear(rig)
        began = time.process_time()
        apply_motion(bpy.context, rig, pose, motion, driving.START, "timed", options)
        taken.append(time.process_time() - began)
    values = _values(rig)
    driving.clear(rig)
    began = time.process_time()
    _insert(rig, values)
    return Seconds(median(taken[1:]), time.process_time() - began, sum(len(v) for v in values.values()))


def of_length(motion):
    """The motion cut to ``FRAMES``, or repeated up to them."""
    order = np.resize(np.arange(len(motion)), FRAMES)
    return replace(motion, root=motion.root[order], rotations=motion.rotations[order], contacts=motion.contacts[order])


def _values(rig: bpy.types.Object) -> dict[str, dict[int, np.ndarray]]:
    """Path -> channel -> (FRAMES,) of every dense curve."""
    found: dict[str, dict[int, np.ndarray]] = {}
    for curve in module("rig.writing.actions").curves_of(rig):
        if len(curve.keyframe_points) == FRAMES:
            flat = np.empty(2 * FRAMES, np.float32)
            curve.keyframe_points.foreach_get("co", flat)
            found.setdefault(curve.data_path, {})[curve.array_index] = flat[1::2]
    return found


def _insert(rig: bpy.types.Object, values) -> None:
    """What a script does that knows the bulk way not, without stepping through the frames."""
    owners = {path: (rig.path_resolve(path.rpartition(".")[0]), path.rpartition(".")[2]) for path in values}
    for t in range(FRAMES):
        for path, channels in values.items():
            owner, name = owners[path]
            vector = getattr(owner, name)
            for index, array in channels.items():
                vector[index] = array[t]
            owner.keyframe_insert(name, frame=driving.START + t)
