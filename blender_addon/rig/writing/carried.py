"""The animator's other animation: what the rig's action holds beside a new motion goes on in the new action.

Curves on channels that the motion does not key are taken over as they are. Of those on its channels the keys before and
after it are. An earlier take stays as a whole, or goes as a whole where the new motion overlaps it: else the tail of a
longer one would be left behind.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import bpy
import numpy as np

from ..listing import some
from . import modifiers
from .actions import ActionWriter, curves_of
from .curves import bone_of
from .key_data import KeyData
from .written import Span, Written, keys_of

_LOOK = ("auto_smoothing", "color_mode", "color", "lock", "hide")


@dataclass(frozen=True)
class Carried:
    """What was taken over; ``takes``: the earlier takes of ours that are part of it."""

    takes: tuple[Span, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class _Old:
    """A curve of the old action, and of its N keys which are ``ours`` and which belong to no take that goes."""

    curve: bpy.types.FCurve
    keys: np.ndarray
    """(N, 2) frames and values"""
    ours: np.ndarray
    stays: np.ndarray


def carry_over(
    rig: bpy.types.Object, writer: ActionWriter, span: Span, by_hand: Collection[str], under: Collection[str]
) -> Carried:
    """Add what the active action holds for ``rig`` to the motion in frames ``span`` that ``writer`` has written.

    Of the bones ``by_hand``, which the motion does not key, all stays, even what is ours. ``under``: bones that what it
    keys hangs on; where their own keys move them a warning says so.
    """
    curves = curves_of(rig)
    if not curves:
        return Carried()
    action, (start, end) = rig.animation_data.action, span
    written = Written(action)
    replaced = [take for take in written.takes if take[0] <= end and take[1] >= start]
    changed: dict[str, None] = {}
    acting: dict[str, None] = {}
    for old in _old_curves(curves, written, replaced, by_hand):
        made = writer.made.get((old.curve.data_path, old.curve.array_index))
        if made is None:
            _copy(old, writer)
            if bone_of(old.curve) in under and _moves(old):
                acting[bone_of(old.curve)] = None
        elif not old.curve.mute:  # what did not play goes on only where nothing else plays
            if not _carry_settings(old, made, span):
                changed[bone_of(old.curve) or rig.name] = None
            _merge(old, made, span, writer)
    left_out = f"Curve modifiers or endless extrapolation would change the motion; only '{action.name}' keeps those of"
    on_top = f"Keys on {some(acting)} go on acting on top of the motion: mute or delete them where they should not."
    return Carried(
        tuple(take for take in written.takes if take not in replaced),
        ((f"{left_out} {some(changed)}.",) if changed else ()) + ((on_top,) if acting else ()),
    )


def _moves(old: _Old) -> bool:
    """Whether the curve plays and is no straight line."""
    return not old.curve.mute and len(old.keys) > 1 and np.ptp(old.keys[:, 1]) > 1e-6


def _old_curves(curves, written: Written, replaced: list[Span], by_hand: Collection[str]) -> list[_Old]:
    keys, hands = zip(*(_keys(curve, written) for curve in curves))
    # who changed one number of a rotation set all of it: the other numbers on that frame are kept with it
    set_frames: dict[str, set[float]] = {}
    for curve, its_keys, hand in zip(curves, keys, hands, strict=True):
        set_frames.setdefault(curve.data_path, set()).update(its_keys[hand, 0].tolist())
    found = []
    for curve, its_keys, hand in zip(curves, keys, hands, strict=True):
        goes = np.zeros(len(hand), bool)
        if bone_of(curve) not in by_hand:
            frames = its_keys[:, 0]
            for first, last in replaced:
                goes |= ~hand & (frames >= first) & (frames <= last)
            if goes.any() and set_frames[curve.data_path]:
                goes &= ~np.isin(frames, list(set_frames[curve.data_path]))
        found.append(_Old(curve, its_keys, ~hand, ~goes))
    return found


def _keys(curve: bpy.types.FCurve, written: Written) -> tuple[np.ndarray, np.ndarray]:
    """(N, 2) keys of the curve, and (N,) which the animator made or changed."""
    if curve.sampled_points:  # baked, and so has no keys: they will be made of it
        samples = KeyData.of(curve).values["co"]
        return samples, np.ones(len(samples), bool)
    return keys_of(curve), written.by_hand(curve)


def _copy(old: _Old, writer: ActionWriter) -> None:
    if len(old.keys) and not old.stays.any():
        return
    curve = old.curve
    made = writer.new_curve(curve.data_path, curve.array_index, curve.group and curve.group.name)
    for name in (*_LOOK, "extrapolation", "mute"):
        setattr(made, name, getattr(curve, name))
    for modifier in curve.modifiers:
        modifiers.copy(modifier, made)
    KeyData.of(curve)[old.stays].put(made, np.ones(old.stays.sum(), bool))
    writer.remember(made, old.keys[old.ours & old.stays])


def _merge(old: _Old, made: bpy.types.FCurve, span: Span, writer: ActionWriter) -> None:
    """Put the old keys before and after ``span`` around those of ``made``, which are the motion's."""
    before, after = _around(old, span)
    if not before.any() and not after.any():
        return
    for name in _LOOK:
        setattr(made, name, getattr(old.curve, name))
    kept, motion = KeyData.of(old.curve), KeyData.of(made)
    if after.any():
        motion.go_on_like(kept[after])
    exact = np.repeat([True, False, True], [before.sum(), len(motion), after.sum()])
    KeyData.joined([kept[before], motion, kept[after]]).put(made, exact)
    writer.remember(made, old.keys[old.ours & before], old.keys[old.ours & after])


def _carry_settings(old: _Old, made: bpy.types.FCurve, span: Span) -> bool:
    """Modifiers and extrapolation, as far as the motion stays what it is; whether that was all."""
    fitting = [modifier for modifier in old.curve.modifiers if modifiers.leaves_alone(modifier, span)]
    for modifier in fitting:
        modifiers.copy(modifier, made)
    if all(side.any() for side in _around(old, span)):  # the curve begins and ends as before
        made.extrapolation = old.curve.extrapolation
    return len(fitting) == len(old.curve.modifiers) and made.extrapolation == old.curve.extrapolation


def _around(old: _Old, span: Span) -> tuple[np.ndarray, np.ndarray]:
    """(N,) which of the keys stay before, and which after ``span``."""
    frames = old.keys[:, 0]
    return old.stays & (frames < span[0]), old.stays & (frames > span[1])
