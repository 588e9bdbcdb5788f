"""Collections of a scene that hold an entry an armature, found by its pointer."""

from __future__ import annotations

import bpy


def entry(entries: bpy.types.bpy_prop_collection, rig: bpy.types.Object | None):
    """The one of this rig, or None."""
    return next((found for found in entries if found.rig is not None and found.rig == rig), None)


def renew(entries: bpy.types.bpy_prop_collection, rig: bpy.types.Object):
    """A new one for this rig."""
    clear(entries, rig)
    made = entries.add()
    made.rig = rig
    return made


def clear(entries: bpy.types.bpy_prop_collection, rig: bpy.types.Object) -> None:
    """Take away the one of this rig. Those of deleted rigs go too: they would keep these in the file."""
    for i in reversed(range(len(entries))):
        if entries[i].rig == rig or entries[i].rig is None or not entries[i].rig.users_scene:
            entries.remove(i)
