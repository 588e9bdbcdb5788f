"""Take a take off its rig again."""

from __future__ import annotations

import bpy
import numpy as np

from ..keys import PropertyKey
from ..reading import bone_properties
from ..refusal import Refusal
from . import stash
from .actions import Active, curves_of
from .before import Before
from .curves import property_path
from .written import NO_KEYS, Written, keys_of, within


def discard(context: bpy.types.Context, rig: bpy.types.Object, before: Before) -> str:
    """Bring back what was ``before``; returns what was done, in words.

    The take leaves the file, unless it is used elsewhere or the animator set keys on it that are nowhere else.
    Refusal, before anything is changed, when what was kept is not there any more.
    """
    data = rig.animation_data
    take = data.action if data is not None else None
    if take is None or take.name != before.take:
        raise Refusal(
            f"The take '{before.take}' is not the action of '{rig.name}' any more: another was chosen, or it was "
            "renamed. Choose it in the Action editor and press Discard again."
        )
    active, by_hand = Active.from_dict(before.active), _by_hand(rig)
    stash.remove(rig, before.track, active)
    active.restore(rig)
    if active.action is not None and active.action.library is None:
        active.action.use_fake_user = before.fake_user
    kept = {(c.data_path, c.array_index): keys_of(c) for c in curves_of(rig)}
    lost = any(not within(keys, kept.get(curve, NO_KEYS)).all() for curve, keys in by_hand.items())
    if lost:
        take.use_fake_user = True
    elif not take.users:  # else the animator uses it elsewhere
        bpy.data.actions.remove(take)
    context.view_layer.update()
    _restore_values(context, rig, before)
    context.view_layer.update()
    if lost:
        return (
            f"'{rig.name}' is as it was before. '{before.take}' has keys that you set, so it stays in the file, with a "
            "fake user: choose it in the Action editor to have them back."
        )
    return f"'{before.take}' was discarded: '{rig.name}' is as it was before."


def _by_hand(rig: bpy.types.Object) -> dict[tuple[str, int], np.ndarray]:
    """(data path, index) -> (N, 2) keys that the animator set on the rig's action."""
    written = Written(rig.animation_data.action)
    return {(c.data_path, c.array_index): keys_of(c)[written.by_hand(c)] for c in curves_of(rig)}


def _restore_values(context: bpy.types.Context, rig: bpy.types.Object, before: Before) -> None:
    """Poses without keys. What the old action keys follows the playhead, unless that stands where it stood."""
    if context.scene.frame_current_final == before.frame:
        keyed = set()
    else:
        keyed = {curve.data_path for curve in curves_of(rig)}
    for path, values in before.values.items():
        bone, _, name = path.rpartition(".")
        if path not in keyed and (owner := _resolve(rig, bone)) is not None:
            setattr(owner, name, values)
    for bone, name, value in before.switches:
        if property_path(PropertyKey(bone, name, value)) not in keyed and bone in rig.pose.bones:
            bone_properties.put(rig.pose.bones[bone], name, value)


def _resolve(rig: bpy.types.Object, path: str):
    """The pose bone (or, without a path, the object) that owns a property; None when it was renamed or deleted."""
    if not path:
        return rig
    try:
        found = rig.path_resolve(path)
    except ValueError:
        return None
    return found if isinstance(found, bpy.types.PoseBone) else None
