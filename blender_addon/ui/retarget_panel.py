"""The sub-panel that puts motions from elsewhere on the selected rig."""

from __future__ import annotations

import bpy

from ..rig import target
from ..rig.refusal import Refusal
from ..rig.sources.playing import frames_of
from . import runtime
from .retarget_operators import source_armature
from .tab import SubPanel
from .text import wrapped


class POSEWRIGHT_PT_retarget(SubPanel, bpy.types.Panel):
    bl_idname = "POSEWRIGHT_PT_retarget"
    bl_label = "Retarget"

    def draw(self, context):
        layout, wishes = self.layout, context.scene.posewright
        reason = _reason(_target, context)
        column = layout.column(align=True)
        column.enabled = not reason
        column.operator("posewright.retarget_file", text="From a Motion File", icon="FILE_MOVIE")
        layout.separator()
        layout.prop(wishes, "source")
        other = wishes.source
        if other is not None and other.animation_data is not None:
            layout.template_ID(other.animation_data, "action")
        why_not = _reason(source_armature, context)
        row = layout.row()
        row.enabled = not (reason or why_not)
        row.operator("posewright.retarget_action", text="From This Armature", icon="ARMATURE_DATA")
        if reason or (why_not and other is not None):
            wrapped(context, layout, reason or why_not, "INFO")
        elif other is not None:
            wrapped(context, layout, _found(context, other), "CHECKMARK")


def _reason(ask, context) -> str:
    """Why not, or nothing."""
    try:
        ask(context)
    except Refusal as refusal:
        return str(refusal)
    return ""


def _target(context) -> None:
    runtime.of(context).maps.of(context, target.selected_rig(context))


def _found(context, other: bpy.types.Object) -> str:
    """What the source has to give."""
    bone_map, frames = runtime.of(context).maps.of(context, other).bone_map, frames_of(other)
    return f"{bone_map.name}, {len(bone_map.slots)} slots; frames {frames[0]} to {frames[-1]}"


CLASSES = (POSEWRIGHT_PT_retarget,)
