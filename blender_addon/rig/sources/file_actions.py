"""The animations of an imported file: which there are, and playing one of them."""

from __future__ import annotations

import re
from collections.abc import Collection

import bpy
import numpy as np

from ..refusal import Refusal
from ..writing.actions import MAX_NAME, Active
from ..writing.curves import bone_of

_COPY = re.compile(r"\.\d{3}$")  # what Blender puts behind a name that is taken
_LAYER = re.compile(r"\|(Base ?Layer|Layer\d+)$")  # and behind that of an animation with layers


def play(rig: bpy.types.Object, actions: Collection[bpy.types.Action], name: str) -> tuple[str, np.ndarray, list[str]]:
    """Have the imported rig, and what it hangs on, move by the animation ``name`` (empty: the one that the importer
    chose, or the first): its name, the frames (T,) that it spans, and the names of the others.

    ``actions``: those that came with the file. Refusal when there is none such.
    """
    own = {_title(a, rig): a for a in actions if _belongs(a, rig)}
    if not own:
        raise Refusal("The file holds no animation of its armature. Export it with its animation.")
    if name and name not in own:
        raise Refusal(f"The file holds no animation '{name}'. Type one of these: {', '.join(own)}.")
    active = Active.of(rig).action
    title = name or next((t for t, a in own.items() if a == active), next(iter(own)))
    first, last = own[title].frame_range
    if last <= first:
        raise Refusal(f"The animation '{title}' of the file is a single frame: nothing moves in it.")
    for owner in _chain(rig):
        for action in actions:
            if _belongs(action, owner) and (action == own[title] or (owner != rig and _title(action, owner) == title)):
                _assign(owner, action)
    return title, first + np.arange(round(last - first) + 1), [t for t in own if t != title]


def _chain(thing: bpy.types.Object) -> list[bpy.types.Object]:
    """The object and all that it hangs on."""
    return [thing, *_chain(thing.parent)] if thing.parent else [thing]


def _belongs(action: bpy.types.Action, owner: bpy.types.Object) -> bool:
    """Whether the importer made the action for ``owner``: its slot says so or, without slots, its name."""
    if _slot(action, owner) is not None:
        return True
    if action.name.startswith(owner.name + "|") or _COPY.sub("", action.name).endswith("_" + owner.name):
        return True
    return action.name.endswith("_" + owner.name) or (_is_cut(action.name) and _moves_bones_of(action, owner))


def _is_cut(name: str) -> bool:
    """Whether Blender may have cut off the end of a name: there was no room for it, or for a ".001" behind it, which
    may be gone again."""
    return len(name.encode()) >= MAX_NAME - 4


def _moves_bones_of(action: bpy.types.Action, owner: bpy.types.Object) -> bool:
    """Of an action without slots."""
    bones = {bone_of(curve) for curve in getattr(action, "fcurves", ())} - {""}
    return bool(bones) and owner.type == "ARMATURE" and bones <= set(owner.pose.bones.keys())


def _slot(action: bpy.types.Action, owner: bpy.types.Object):
    """The action's part for ``owner``: it is named like the object, or the whole action is."""
    slots = [s for s in getattr(action, "slots", ()) if s.target_id_type == "OBJECT"]
    named = [s for s in slots if s.identifier == "OB" + owner.name]
    return next(iter(named or (slots if action.name.startswith(owner.name + "|") else ())), None)


def _title(action: bpy.types.Action, owner: bpy.types.Object) -> str:
    """What the file calls it: an importer adds the object's name in front (FBX) or behind (glTF before slots)."""
    name = _LAYER.sub("", _COPY.sub("", action.name)).rpartition("|")[2]
    return name.removesuffix("_" + owner.name).removesuffix("_" + _COPY.sub("", owner.name))


def _assign(owner: bpy.types.Object, action: bpy.types.Action) -> None:
    owner.animation_data_create()
    Active(True, action, _slot(action, owner)).restore(owner)
