"""Actions on every Blender from 4.2 to 5.2: legacy (4.2, 4.3), slotted (4.4, 4.5) and slotted only (5.x).

The only file that writes by these differences; ``sources/file_actions`` reads them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import bpy
import numpy as np

from ..refusal import Refusal
from .key_data import enum_value
from .written import NO_KEYS

_SLOTTED = bpy.app.version >= (4, 4, 0)
MAX_NAME = 63  # bytes that every supported version keeps


def action_name(prompt: str) -> str:
    """``PW`` and the prompt, cut between characters to what fits with Blender's own ``.001`` behind it."""
    text = "PW " + " ".join(prompt.split())
    room = MAX_NAME - 4
    if len(text.encode()) <= room:
        return text
    return text.encode()[: room - 2].decode(errors="ignore").rstrip() + ".."


@dataclass(frozen=True, eq=False)
class Active:
    """The action that a rig had before, with its slot; both None when it had none."""

    data: bool
    """whether the rig had animation data at all"""
    action: bpy.types.Action | None = None
    slot: object | None = None

    @classmethod
    def of(cls, rig: bpy.types.Object) -> Active:
        data = rig.animation_data
        if data is None or data.action is None:
            return cls(data is not None)
        return cls(True, data.action, data.action_slot if _SLOTTED else None)

    def to_dict(self) -> dict:
        """By names, for what is saved."""
        library = self.action.library if self.action is not None else None
        return {
            "data": self.data,
            "action": None if self.action is None else [self.action.name, library and library.filepath],
            "slot": None if self.slot is None else self.slot.identifier,
        }

    @classmethod
    def from_dict(cls, d: dict) -> Active:
        """Refusal when the action was renamed or deleted since, or when ``d`` is not what ``to_dict`` made."""
        match d:
            case {"data": bool(data), "action": None}:
                return cls(data)
            case {"data": bool(data), "action": [str(name), str() | None as library], "slot": str() | None as handle}:
                action = bpy.data.actions.get((name, library))
            case _:
                raise Refusal(f"What the file says of the action that the rig had before cannot be read ({d}).")
        slot = action.slots.get(handle) if action is not None and handle is not None else None
        if action is None or (slot is None and handle is not None):
            raise Refusal(f"The action '{name}' that the rig had before was renamed or deleted: it cannot come back.")
        return cls(data, action, slot)

    def restore(self, rig: bpy.types.Object) -> None:
        """Make it the rig's active action again."""
        data = rig.animation_data
        if data is None:
            return  # nothing was put there yet
        if not self.data and not data.nla_tracks and not data.drivers:
            rig.animation_data_clear()
            return
        data.action = self.action
        if self.slot is not None:
            data.action_slot = self.slot


class ActionWriter:
    """Fills a new action with dense keys for one object, before anything uses it; then ``assign`` puts it there."""

    def __init__(self, rig: bpy.types.Object, name: str):
        self.action = bpy.data.actions.new(name)
        self.made: dict[tuple[str, int], bpy.types.FCurve] = {}
        """by data path and index"""
        self.written: dict[tuple[str, int], np.ndarray] = {}
        """data path, index -> keys (N, 2), frame and value, that are ours"""
        self._slot = None
        if not _SLOTTED:
            self._curves, self._groups = self.action.fcurves, self.action.groups
            return
        self._slot = self.action.slots.new(id_type="OBJECT", name=rig.name)
        strip = self.action.layers.new("Layer").strips.new(type="KEYFRAME")
        bag = strip.channelbag(self._slot, ensure=True)
        self._curves, self._groups = bag.fcurves, bag.groups

    def write(self, group: str, path: str, start: int, values: np.ndarray, channels: Sequence[int]) -> None:
        """Key ``values`` (T, all of the property's channels) on every frame from ``start``, as generated keys with
        straight lines between; only those ``channels``."""
        frames = len(values)
        co = np.empty((frames, 2), np.float32)
        co[:, 0] = np.arange(start, start + frames)
        interpolation = np.full(frames, enum_value("interpolation", "LINEAR"), np.int32)
        kind = np.full(frames, enum_value("type", "GENERATED"), np.int32)
        for i in channels:
            co[:, 1] = values[:, i]
            self._fill(self.new_curve(path, i, group), co, interpolation, kind)

    def hold(self, group: str, path: str, frames: Sequence[int], value: float) -> None:
        """Key one ``value`` on each of ``frames``, with steps between."""
        co = np.array([(f, value) for f in frames], np.float32)
        interpolation = np.full(len(co), enum_value("interpolation", "CONSTANT"), np.int32)
        kind = np.full(len(co), enum_value("type", "GENERATED"), np.int32)
        self._fill(self.new_curve(path, 0, group), co, interpolation, kind)

    def new_curve(self, path: str, index: int, group: str | None) -> bpy.types.FCurve:
        """An empty curve, in ``group`` where it is to be in one."""
        curve = self._curves.new(path, index=index)
        if group is not None:
            curve.group = self._groups.get(group) or self._groups.new(group)
        self.made[path, index] = curve
        return curve

    def remember(self, curve: bpy.types.FCurve, before: np.ndarray, after: np.ndarray = NO_KEYS) -> None:
        """Keys of ours from earlier takes were put before and after what was written into ``curve``."""
        channel = curve.data_path, curve.array_index
        self.written[channel] = np.concatenate([before, self.written.get(channel, NO_KEYS), after])

    def _fill(self, curve, co, interpolation, kind) -> None:
        self.written[curve.data_path, curve.array_index] = co.copy()
        points = curve.keyframe_points
        points.add(len(co))
        points.foreach_set("co", co.ravel())
        points.foreach_set("interpolation", interpolation)
        points.foreach_set("type", kind)
        curve.update()

    def assign(self, rig: bpy.types.Object) -> None:
        """Make the action the rig's active one."""
        data = rig.animation_data or rig.animation_data_create()
        data.action = self.action
        if self._slot is not None:
            data.action_slot = self._slot  # Blender picks one by itself only when the names happen to agree

    def discard(self) -> None:
        """Remove the action again, after a failure."""
        bpy.data.actions.remove(self.action)


def curves_of(rig: bpy.types.Object) -> list[bpy.types.FCurve]:
    """The curves that the active action holds for this object."""
    data = rig.animation_data
    if data is None or data.action is None:
        return []
    if not _SLOTTED:
        return list(data.action.fcurves)
    if data.action_slot is None:
        return []
    bags = (s.channelbag(data.action_slot) for layer in data.action.layers for s in layer.strips)
    return [curve for bag in bags if bag is not None for curve in bag.fcurves]
