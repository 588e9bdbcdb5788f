"""Which bone map an armature has: the one set by hand in this scene, else the user's preset, else what is found."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import bpy
import numpy as np

from ...backend.motion import bone_map_json
from ...backend.motion.bone_map import BoneMap, NoMapFits
from ...backend.motion.mapping.automatic import automatic
from ...backend.motion.mapping.mapping import Guess, Mapping
from ...backend.motion.rest_rig import RestRig
from ...backend.motion.skeleton import SMPLX52_NAMES
from .. import per_rig
from ..reading.rest import labels, rest_rig
from ..refusal import Refusal
from . import check as map_check
from . import store as map_store
from .calibrate import on_rig

_KEPT = 16
_UNNAMED = "By hand"


@dataclass(frozen=True, eq=False)
class Found:
    """An armature's map as the editor shows it: it may lack slots."""

    mapping: Mapping
    source: str
    """"hand", "preset" or "automatic" """
    rest: RestRig
    why: str = ""
    """why it cannot be used, in sentences; empty = it can"""
    note: str = ""
    """what else went wrong on the way: a preset that cannot be read"""


class Maps:
    """Bone maps of armatures. Panels ask at every redraw, so what was found is kept for as long as all that mapping
    looks at stays the same."""

    def __init__(self):
        self._known: dict[tuple, Found] = {}

    def of(self, context: bpy.types.Context, rig: bpy.types.Object) -> Mapping:
        """The map that the rig is read and written with; Refusal says what it lacks."""
        found = self.found(context, rig)
        if found.why:
            raise Refusal(f"'{rig.name}': {found.why} Set the bones in the panel Bone Map.")
        return found.mapping

    def found(self, context: bpy.types.Context, rig: bpy.types.Object) -> Found:
        """What is known of the rig's bones, complete or not."""
        by_hand = override(context.scene, rig)
        written = (by_hand.json, by_hand.guesses) if by_hand is not None else None
        key = (rig.data.session_uid, written, *_shape(rig))
        if key not in self._known:
            if len(self._known) >= _KEPT:
                self._known.clear()
            rest = rest_rig(rig)
            self._known[key] = _automatic_or_preset(rest) if written is None else _by_hand(rest, *written)
        return self._known[key]

    def forget(self) -> None:
        """The user's presets were changed."""
        self._known.clear()


def override(scene: bpy.types.Scene, rig: bpy.types.Object):
    """The scene's entry (``PosewrightMap``) for this rig, or None."""
    return per_rig.entry(scene.posewright.maps, rig)


def set_override(scene: bpy.types.Scene, rig: bpy.types.Object, bone_map: BoneMap, guesses: dict[str, Guess]) -> None:
    """Keep the map with the scene. ``guesses``: those that nobody has looked at yet."""
    entry = per_rig.renew(scene.posewright.maps, rig)
    entry.json = json.dumps(bone_map_json.to_dict(bone_map), ensure_ascii=False)
    kept = {s: [g.confidence, g.why] for s, g in guesses.items() if g.bones == bone_map.slots.get(s)}
    entry.guesses = json.dumps(kept, ensure_ascii=False)


def clear_override(scene: bpy.types.Scene, rig: bpy.types.Object) -> None:
    """Back to the preset or the automatic map."""
    per_rig.clear(scene.posewright.maps, rig)


def _shape(rig: bpy.types.Object) -> tuple:
    """What tells one state of a rig's bones from another. Heads in the parent's space stand for the parents, and names
    for the custom properties: to read 700 of these one by one takes longer than all the rest."""
    bones = rig.data.bones
    numbers, deform = np.empty((2, 3 * len(bones)), np.float32), np.empty(len(bones), bool)
    bones.foreach_get("head_local", numbers[0])
    bones.foreach_get("head", numbers[1])
    bones.foreach_get("use_deform", deform)
    properties = tuple(map(tuple, map(bpy.types.PoseBone.keys, rig.pose.bones))) if rig.pose else ()
    return tuple(bones.keys()), numbers.tobytes(), deform.tobytes(), properties, tuple(labels(rig.data).items())


def _automatic_or_preset(rest: RestRig) -> Found:
    note = ""
    try:
        preset = map_store.preset(rest.fingerprint)
    except Refusal as refusal:
        preset, note = None, f"Your preset for this rig is not used: {refusal}"
    if preset is not None:
        if preset.calibration is not None:
            preset = replace(preset, calibration=on_rig(preset.calibration, rest))
        why = " ".join(map_check.problems(preset, rest))
        return Found(_mapping(preset, {}, "your preset for this rig"), "preset", rest, why)
    try:
        mapping = automatic(rest)
    except NoMapFits as error:
        partial = BoneMap(_UNNAMED, error.found)
        return Found(_mapping(partial, {}, "found by its name"), "automatic", rest, f"{error}.", note)
    return Found(mapping, "automatic", rest, note=note)


def _by_hand(rest: RestRig, written: str, guesses: str) -> Found:
    try:
        bone_map = bone_map_json.from_dict(json.loads(written))
        known = {
            slot: Guess(slot, bone_map.slots[slot], float(confidence), str(why))
            for slot, (confidence, why) in json.loads(guesses).items()
            if slot in bone_map.slots
        }
    except (ValueError, TypeError, AttributeError, RecursionError) as error:  # written by another version of Posewright
        why = f"The bone map that is saved in this scene cannot be read ({error}). Reset it."
        return Found(_mapping(BoneMap(_UNNAMED, {}), {}, ""), "hand", rest, why)
    why = " ".join(map_check.problems(bone_map, rest))
    return Found(_mapping(bone_map, known, "set by hand"), "hand", rest, why)


def _mapping(bone_map: BoneMap, guesses: dict[str, Guess], why: str) -> Mapping:
    """A map that somebody made: what is not in ``guesses`` is sure, because of ``why``."""
    sure = {s: Guess(s, bones, 1.0, why) for s, bones in bone_map.slots.items()}
    return Mapping(bone_map, sure | guesses, tuple(s for s in SMPLX52_NAMES if s not in sure), (), True)
