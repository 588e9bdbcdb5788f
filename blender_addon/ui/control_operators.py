"""The operators that name a control rig's own controls, once for each rig."""

from __future__ import annotations

import bpy

from ..rig.bone_maps import controls as map_controls
from ..rig.bone_maps.parts import PARTS
from ..rig.refusal import Refusal
from .map_editing import Edits, keep, selected_bone, selected_bones

WORDS = {
    "fk": "FK controls",
    "ik": "IK control",
    "pole": "Pole",
    "twist": "Twist bones",
    "body": "Body control",
    "root": "Root bone",
}


class _Role(Edits):
    """Gives bones a role, in a part of the body or in all of it."""

    part: bpy.props.StringProperty(options={"HIDDEN", "SKIP_SAVE"})
    role: bpy.props.EnumProperty(items=[(*item, "") for item in WORDS.items()], options={"HIDDEN", "SKIP_SAVE"})

    def give(self, context, rig, found, bones: tuple[str, ...]) -> str:
        part = next((p for p in PARTS if p.key == self.part), None)
        accepted = [p.key for p in PARTS if self.role == "fk" or (self.role in map_controls.OF_LIMBS and p.limb)]
        if self.role not in map_controls.OF_BODY and self.part not in accepted:
            raise Refusal(f"{self.part!r} has no {WORDS[self.role]}. Accepted are {', '.join(accepted)}.")
        keep(context, rig, found, map_controls.give(found.mapping.bone_map, found.rest, bones, self.role, part))
        where = "" if part is None else f" of the {part.label.lower()}"
        return f"{WORDS[self.role]}{where}: {', '.join(bones) or 'none'}."


class POSEWRIGHT_OT_control_from_selection(_Role, bpy.types.Operator):
    """Use the selected bones. FK controls go each to the nearest joint, twist bones to the nearest part of the limb"""

    bl_idname = "posewright.control_from_selection"
    bl_label = "Controls from Selection"

    def edit(self, context, rig, found):
        chosen = selected_bones(rig) if self.role in map_controls.MANY else (selected_bone(rig, WORDS[self.role]),)
        return self.give(context, rig, found, chosen)


class POSEWRIGHT_OT_control_clear(_Role, bpy.types.Operator):
    """Use no control here"""

    bl_idname = "posewright.control_clear"
    bl_label = "Clear Controls"

    def edit(self, context, rig, found):
        return self.give(context, rig, found, ())


CLASSES = (POSEWRIGHT_OT_control_from_selection, POSEWRIGHT_OT_control_clear)
