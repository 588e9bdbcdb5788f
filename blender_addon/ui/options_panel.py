"""How a motion is put on the rig: the fields that matter for the selected one."""

from __future__ import annotations

import bpy

from ..backend.motion.bone_map import BoneMap
from ..backend.motion.skeleton import SMPL22_NAMES
from ..rig.bone_maps import controls as map_controls
from ..rig.bone_maps.parts import PARTS
from . import runtime
from .tab import SubPanel
from .text import wrapped


class POSEWRIGHT_PT_options(SubPanel, bpy.types.Panel):
    bl_idname = "POSEWRIGHT_PT_options"
    bl_label = "How It Is Put on the Rig"

    def draw(self, context):
        wishes, shown = context.scene.posewright, runtime.of(context).shown
        bone_map = shown.mapping.bone_map if shown is not None and not shown.why else None
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        column = layout.column(align=True)
        column.prop(wishes, "root")
        if wishes.root == "root" and bone_map is not None and bone_map.root is None:
            wrapped(context, layout, "This rig has no root bone: choose another.", "ERROR")
        column = layout.column(align=True)
        for limbs in ("arms", "legs"):
            if bone_map is not None and _has_controls(bone_map, limbs):
                column.prop(wishes, limbs)
        if bone_map is not None and any(slot not in SMPL22_NAMES for slot in bone_map.slots):
            column.prop(wishes, "fingers")
        column = layout.column(align=True)
        column.label(text="Reach as the motion does")
        column.prop(wishes, "feet_correction", slider=True)
        column.prop(wishes, "hands_correction", slider=True)


def _has_controls(bone_map: BoneMap, limbs: str) -> bool:
    """Whether there is a choice: "arms" or "legs" that have IK controls."""
    parts = [part for part in PARTS if part.limb and part.key.endswith(limbs.removesuffix("s"))]
    return any(map_controls.get(bone_map, "ik", part) for part in parts)


CLASSES = (POSEWRIGHT_PT_options,)
