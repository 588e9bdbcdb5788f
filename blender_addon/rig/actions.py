"""Actions on every Blender from 4.2 to 5.2: legacy (4.2, 4.3), slotted (4.4, 4.5) and slotted only (5.x).

The only file that knows these differences.
"""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np

_SLOTTED = bpy.app.version >= (4, 4, 0)
_MAX_NAME = 63  # bytes that every supported version keeps

STASH = "[Action Stash]"


def _enum_value(prop: str, identifier: str) -> int:
    # foreach_set takes the numbers behind the enum, and only RNA knows them
    return bpy.types.Keyframe.bl_rna.properties[prop].enum_items[identifier].value


def action_name(prompt: str) -> str:
    """``PW`` and the prompt, cut between characters to what fits with Blender's own ``.001`` behind it."""
    text = "PW " + " ".join(prompt.split())
    room = _MAX_NAME - 4
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

    def restore(self, rig: bpy.types.Object) -> None:
        """Make it the rig's active action again."""
        if not self.data:
            rig.animation_data_clear()
            return
        rig.animation_data.action = self.action
        if self.slot is not None:
            rig.animation_data.action_slot = self.slot


class ActionWriter:
    """Fills a new action with dense keys for one object, before anything uses it; then ``assign`` puts it there."""

    def __init__(self, rig: bpy.types.Object, name: str):
        self.action = bpy.data.actions.new(name)
        self._slot = None
        if not _SLOTTED:
            self._curves, self._groups = self.action.fcurves, self.action.groups
            return
        self._slot = self.action.slots.new(id_type="OBJECT", name=rig.name)
        strip = self.action.layers.new("Layer").strips.new(type="KEYFRAME")
        bag = strip.channelbag(self._slot, ensure=True)
        self._curves, self._groups = bag.fcurves, bag.groups

    def write(self, group: str, path: str, start: int, values: np.ndarray) -> None:
        """Key ``values`` (T, channels) on every frame from ``start``, as generated keys with straight lines between."""
        frames = len(values)
        at = self._groups.get(group) or self._groups.new(group)
        co = np.empty((frames, 2), np.float32)
        co[:, 0] = np.arange(start, start + frames)
        interpolation = np.full(frames, _enum_value("interpolation", "LINEAR"), np.int32)
        kind = np.full(frames, _enum_value("type", "GENERATED"), np.int32)
        for i in range(values.shape[1]):
            curve = self._curves.new(path, index=i)
            curve.group = at
            co[:, 1] = values[:, i]
            points = curve.keyframe_points
            points.add(frames)
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


def stash(rig: bpy.types.Object, before: Active) -> None:
    """Keep the action that the rig had before on a muted NLA track, untouched; no track stays when that fails."""
    if before.action is None:
        return
    data = rig.animation_data
    if not _is_stashed(data, before.action, before.slot):
        track = data.nla_tracks.new()
        try:
            _fill(track, before)
        except Exception:
            data.nla_tracks.remove(track)
            raise
    if before.action.library is None:
        before.action.use_fake_user = True


def _fill(track, before: Active) -> None:
    track.name = STASH
    strip = track.strips.new(before.action.name, round(before.action.frame_range[0]), before.action)
    if before.slot is not None:
        strip.action_slot = before.slot
    track.mute = True
    track.lock = True


def _is_stashed(data, action, slot) -> bool:
    for track in data.nla_tracks:
        if not track.mute:
            continue
        for strip in track.strips:
            if strip.action == action and (slot is None or strip.action_slot == slot):
                return True
    return False


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
