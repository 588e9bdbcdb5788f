"""The operators that name the custom property with which a control rig turns a limb from FK to IK."""

from __future__ import annotations

from functools import lru_cache

import bpy

from ..backend.motion.bone_map import Switch
from ..rig.bone_maps import controls as map_controls
from ..rig.bone_maps.parts import PARTS, Part
from ..rig.refusal import Refusal
from .map_editing import Edits, keep


@lru_cache(maxsize=1)
def _items(names: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """Blender keeps no copy of these texts: the cache holds them while the dialog is open."""
    return [(name, name, "") for name in names]


def _properties(self, context):
    bone = context.active_pose_bone if context else None
    return _items(switchable(bone) if bone is not None else ())


def switchable(bone: bpy.types.PoseBone) -> tuple[str, ...]:
    """Names of the bone's custom properties that hold one number."""
    return tuple(name for name, value in bone.items() if isinstance(value, (bool, int, float)))


class _OfLimb(Edits):
    part: bpy.props.StringProperty(options={"HIDDEN", "SKIP_SAVE"})

    @property
    def limb(self) -> Part:
        limbs = {p.key: p for p in PARTS if p.limb}
        if self.part not in limbs:
            raise Refusal(f"{self.part!r} has no switch. Accepted are {', '.join(limbs)}.")
        return limbs[self.part]


class POSEWRIGHT_OT_switch_set(_OfLimb, bpy.types.Operator):
    """Name the custom property of the active bone that turns this limb from FK to IK"""

    bl_idname = "posewright.switch_set"
    bl_label = "FK/IK Switch"

    property: bpy.props.EnumProperty(name="Property", items=_properties)
    fk: bpy.props.FloatProperty(name="Value for FK", default=0.0)
    ik: bpy.props.FloatProperty(name="Value for IK", default=1.0)

    def invoke(self, context, event):
        bone = context.active_pose_bone
        if bone is None or not switchable(bone):
            what = "No bone is active" if bone is None else f"'{bone.name}' has no custom property that holds a number"
            self.report({"ERROR"}, f"{what}. In Pose Mode click the bone that has the switch, then press this again.")
            return {"CANCELLED"}
        return context.window_manager.invoke_props_dialog(self)

    def draw(self, context):
        self.layout.use_property_split = True
        self.layout.label(text=f"Switch of the {self.limb.label} on '{context.active_pose_bone.name}'")
        for name in ("property", "fk", "ik"):
            self.layout.prop(self, name)

    def edit(self, context, rig, found):
        bone = context.active_pose_bone
        if bone is None or self.property not in switchable(bone):
            raise Refusal(
                "No bone with this custom property is active. In Pose Mode click the bone that has the switch."
            )
        made = Switch(bone.name, self.property, self.fk, self.ik)
        keep(context, rig, found, map_controls.with_switch(found.mapping.bone_map, self.limb, made))
        return f"{self.limb.label}: {bone.name}, {self.property}: {self.fk:g} is FK, {self.ik:g} is IK."


class POSEWRIGHT_OT_switch_clear(_OfLimb, bpy.types.Operator):
    """This limb has no switch"""

    bl_idname = "posewright.switch_clear"
    bl_label = "Clear Switch"

    def edit(self, context, rig, found):
        keep(context, rig, found, map_controls.with_switch(found.mapping.bone_map, self.limb, None))
        return f"{self.limb.label}: no switch."


CLASSES = (POSEWRIGHT_OT_switch_set, POSEWRIGHT_OT_switch_clear)
