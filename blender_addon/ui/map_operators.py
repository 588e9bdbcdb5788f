"""The operators of the bone map's slots."""

from __future__ import annotations

from functools import lru_cache

import bpy

from ..backend.motion.skeleton import SMPLX52_NAMES
from ..rig.bone_maps import check as map_check
from ..rig.bone_maps import edit as map_edit
from ..rig.bone_maps import lookup as maps
from ..rig.bone_maps import mirror as map_mirror
from ..rig.listing import some
from ..rig.refusal import Refusal
from . import runtime
from .map_editing import Edits, keep, selected_bones


class _Slot(Edits):
    """Changes one slot."""

    slot: bpy.props.StringProperty(options={"HIDDEN", "SKIP_SAVE"})

    def set_bones(self, context, rig, found: maps.Found, bones: tuple[str, ...]) -> str:
        if self.slot not in SMPLX52_NAMES:
            raise Refusal(f"There is no slot {self.slot!r}. Slots are named like left_elbow.")
        changed = map_edit.with_bones(found.mapping.bone_map, self.slot, bones)
        keep(context, rig, found, changed, looked_at=(self.slot,))
        return f"{map_check.words(self.slot).capitalize()}: {', '.join(bones) or 'no bone'}."


class POSEWRIGHT_OT_map_from_selection(_Slot, bpy.types.Operator):
    """Give this part the selected bones, parents first"""

    bl_idname = "posewright.map_from_selection"
    bl_label = "Bones from Selection"

    def edit(self, context, rig, found):
        return self.set_bones(context, rig, found, selected_bones(rig))


class POSEWRIGHT_OT_map_clear(_Slot, bpy.types.Operator):
    """Give this part no bone"""

    bl_idname = "posewright.map_clear"
    bl_label = "Clear"

    def edit(self, context, rig, found):
        return self.set_bones(context, rig, found, ())


class POSEWRIGHT_OT_map_confirm(_Slot, bpy.types.Operator):
    """The bone that was guessed is right"""

    bl_idname = "posewright.map_confirm"
    bl_label = "Confirm"

    def edit(self, context, rig, found):
        return self.set_bones(context, rig, found, found.mapping.bone_map.slots.get(self.slot, ()))


@lru_cache(maxsize=1)
def _items(names: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """Blender keeps no copy of these texts: the cache holds them while the list is open."""
    return [(name, name, "") for name in sorted(names)]


def _bones(self, context):
    return _items(tuple(context.active_object.data.bones.keys())) if context and context.active_object else []


class POSEWRIGHT_OT_map_pick(_Slot, bpy.types.Operator):
    bl_idname = "posewright.map_pick"
    bl_label = "Choose Bone"
    bl_property = "bone"

    bone: bpy.props.EnumProperty(name="Bone", items=_bones)

    @classmethod
    def description(cls, context, properties):
        rig = context.active_object
        guess = runtime.of(context).maps.found(context, rig).mapping.guesses.get(properties.slot)
        if guess is None:
            return "Choose a bone from a list"
        return f"{', '.join(guess.bones)}: {guess.why}.\nClick to choose another bone from a list"

    def invoke(self, context, event):
        context.window_manager.invoke_search_popup(self)
        return {"RUNNING_MODAL"}

    def edit(self, context, rig, found):
        return self.set_bones(context, rig, found, (self.bone,))


class POSEWRIGHT_OT_map_mirror(Edits, bpy.types.Operator):
    """Put one side's bones and controls on the other side: by their names, else by where they are"""

    bl_idname = "posewright.map_mirror"
    bl_label = "Mirror"

    side: bpy.props.EnumProperty(
        items=(
            ("left", "Left to Right", "The right side becomes the mirror image of the left side"),
            ("right", "Right to Left", "The left side becomes the mirror image of the right side"),
        )
    )

    def edit(self, context, rig, found):
        changed, lost = map_mirror.mirrored(found.mapping.bone_map, found.rest, self.side)
        other = map_mirror.other_name(self.side)
        keep(context, rig, found, changed, looked_at=[s for s in SMPLX52_NAMES if s.startswith(other)])
        if lost:
            return f"Mirrored; no bone on the other side was found for {some(lost)}."
        return f"The {other} side mirrors the {self.side} side."


class POSEWRIGHT_OT_map_reset(Edits, bpy.types.Operator):
    """Drop what was set by hand in this scene: back to your preset for this rig, or to what is found by itself"""

    bl_idname = "posewright.map_reset"
    bl_label = "Reset"

    def edit(self, context, rig, found):
        maps.clear_override(context.scene, rig)
        back = runtime.of(context).maps.found(context, rig)
        return f"'{rig.name}' has the map {back.mapping.bone_map.name} again."


CLASSES = (
    POSEWRIGHT_OT_map_from_selection,
    POSEWRIGHT_OT_map_clear,
    POSEWRIGHT_OT_map_confirm,
    POSEWRIGHT_OT_map_pick,
    POSEWRIGHT_OT_map_mirror,
    POSEWRIGHT_OT_map_reset,
)
