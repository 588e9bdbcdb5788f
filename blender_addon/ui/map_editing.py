"""What the operators of the bone map share: each changes the map of the active armature, in one undo step."""

from __future__ import annotations

import bpy

from ..backend.motion.bone_map import BoneMap
from ..rig import target
from ..rig.bone_maps import lookup as maps
from ..rig.refusal import Refusal
from . import runtime


class Edits:
    """An operator with ``edit(context, rig, found) -> message``; a Refusal becomes its error report."""

    bl_options = {"UNDO"}

    @classmethod
    def poll(cls, context):
        active = context.active_object
        return active is not None and active.type == "ARMATURE" and active.mode != "EDIT"

    def execute(self, context):
        try:
            rig = target.active_armature(context)
            message = self.edit(context, rig, runtime.of(context).maps.found(context, rig))
        except Refusal as refusal:
            self.report({"ERROR"}, str(refusal))
            return {"CANCELLED"}
        self.report({"INFO"}, message)
        return {"FINISHED"}


def keep(context: bpy.types.Context, rig: bpy.types.Object, found: maps.Found, bone_map: BoneMap, looked_at=()) -> None:
    """Keep a changed map with the scene; the slots ``looked_at`` are no longer guesses."""
    guesses = {s: g for s, g in found.mapping.guesses.items() if s not in looked_at}
    maps.set_override(context.scene, rig, bone_map, guesses)


def selected_bones(rig: bpy.types.Object) -> tuple[str, ...]:
    """The selected bones, parents first; Refusal when there is none."""
    chosen = [b for b in rig.pose.bones if (b if bpy.app.version >= (5, 0, 0) else b.bone).select]
    if not chosen:
        raise Refusal(f"No bone of '{rig.name}' is selected. Click its bones in Pose Mode, then press this again.")
    chosen.sort(key=lambda b: len(b.parent_recursive))
    return tuple(b.name for b in chosen)


def selected_bone(rig: bpy.types.Object, what: str) -> str:
    """The one selected bone; Refusal when there are more or none."""
    chosen = selected_bones(rig)
    if len(chosen) > 1:
        raise Refusal(f"{len(chosen)} bones are selected. Select one: {what}.")
    return chosen[0]
