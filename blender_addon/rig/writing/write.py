"""Put a solved motion onto a rig: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import bpy
import numpy as np

from ...backend.motion.motion import Motion
from ..bones import RigPose
from ..fitting.evaluated import fitting
from ..fitting.steps import finished
from ..keys import Solution
from ..options import DEFAULTS, WriteOptions
from ..reading.again import read_again
from ..refusal import Refusal
from ..solving.solve import solve
from . import actions, curves, kept, object_channels
from .before import Before
from .carried import carry_over
from .protected import Protected
from .stash import stash
from .written import note


@dataclass(frozen=True, eq=False)
class Applied:
    """What was put on the rig; ``before``: how it was until then, for ``discard``."""

    action: bpy.types.Action
    warnings: tuple[str, ...]
    before: Before


def apply_motion(
    context: bpy.types.Context,
    rig: bpy.types.Object,
    pose: RigPose,
    motion: Motion,
    start: int,
    name: str,
    options: WriteOptions = DEFAULTS,
    solution: Solution | None = None,
) -> Applied:
    """A new action with ``motion`` from frame ``start`` and what the old one holds beside it; the old action goes to a
    muted stash track.

    ``motion`` has the scene's frame rate (its frames become the scene's, one to one) and stands on the rig's own
    skeleton. ``solution``: of the same, where it was worked out before (``evaluated``); it counts as long as the rig is
    as it was then. Refusal when the motion does not fit the rig any more. Whatever is raised, nothing was changed.
    """
    # an armature that was never evaluated has no pose yet, and giving such a one an action slot crashes Blender
    context.view_layer.update()
    if options.root == "object":
        object_channels.check(rig)
    now, news = read_again(context, rig, pose)
    if solution is None or now is not pose:
        solution = finished(fitting(rig, now, solve(now, motion, options), start))
    _check_finite(solution)
    by_hand, protected = kept.keyed_by_hand(rig, kept.finger_bones(now.bone_map)), Protected(rig)
    found = _curves(rig, solution, by_hand, protected)
    switches = [
        key for key in solution.properties if protected.property_free(key.bone, key.property, curves.property_path(key))
    ]
    active, span = actions.Active.of(rig), (start, start + len(motion) - 1)
    writer = actions.ActionWriter(rig, actions.action_name(name))
    try:
        for c in found:
            writer.write(c.group, c.path, start, c.values, c.channels)
        for key in switches:
            writer.hold(key.bone, curves.property_path(key), sorted(set(span)), key.value)
        carried = carry_over(rig, writer, span, by_hand, set(now.bones.names).difference(by_hand))
        before = Before.of(context, rig, active, writer.action.name, [c.path for c in found], switches)
        writer.assign(rig)
        note(writer.action, writer.written, (*carried.takes, span))
        before.track = stash(rig, active)  # last: nothing after it can fail and leave a track behind
    except Exception:  # whatever it was, it is raised again: only what was begun must go
        writer.discard()
        active.restore(rig)
        raise
    context.view_layer.update()
    return Applied(writer.action, news + solution.warnings + protected.warnings + carried.warnings, before)


def _curves(rig, solution: Solution, by_hand: Collection[str], protected: Protected) -> list[curves.Curves]:
    """All but the switches; the bones ``by_hand`` are the animator's."""
    found = []
    for key in solution.bones:
        if key.bone not in by_hand:
            found += curves.bone_curves(rig, key, protected)
    if solution.object is not None:
        found += curves.object_curves(rig, solution.object, protected)
    return found


def _check_finite(solution: Solution) -> None:
    for key in solution.bones:
        if any(values is not None and not np.isfinite(values).all() for values in (key.rotation, key.location)):
            raise Refusal(f"The motion cannot be put on bone '{key.bone}': its rest pose has no usable direction.")
