"""Bone maps kept for other scenes: the user's preset for a kind of rig, and files."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import bpy
from bpy_extras.io_utils import ExportHelper, ImportHelper

from ..rig.bone_maps import lookup as maps
from ..rig.bone_maps import store as map_store
from ..rig.bone_maps.calibrate import on_rig
from ..rig.listing import some
from ..rig.refusal import Refusal
from . import runtime
from .map_editing import Edits


class POSEWRIGHT_OT_map_save_preset(Edits, bpy.types.Operator):
    """Use this map, with controls and calibration, for every armature that has these bones, in all files"""

    bl_idname = "posewright.map_save_preset"
    bl_label = "Save as My Preset"

    def edit(self, context, rig, found):
        if found.why:
            raise Refusal(f"The map cannot be used yet. {found.why}")
        path = map_store.save_preset(found.rest.fingerprint, found.mapping.bone_map)
        maps.clear_override(context.scene, rig)  # the preset says the same, and one place is enough
        runtime.of(context).maps.forget()
        return f"Saved as {path.name} in {path.parent}."


class POSEWRIGHT_OT_map_forget_preset(Edits, bpy.types.Operator):
    """Delete your preset for armatures that have these bones"""

    bl_idname = "posewright.map_forget_preset"
    bl_label = "Delete My Preset"

    def edit(self, context, rig, found):
        map_store.forget_preset(found.rest.fingerprint)
        runtime.of(context).maps.forget()
        return f"Your preset for '{rig.name}' is deleted."


class POSEWRIGHT_OT_map_load(Edits, bpy.types.Operator, ImportHelper):
    """Load a bone map file for this armature"""

    bl_idname = "posewright.map_load"
    bl_label = "Load Bone Map"

    filename_ext = ".json"
    filter_glob: bpy.props.StringProperty(default="*.json", options={"HIDDEN"})

    def edit(self, context, rig, found):
        bone_map = map_store.read(self.filepath)
        gone = bone_map.bones - set(found.rest.names)
        if gone:
            raise Refusal(
                f"'{Path(self.filepath).name}' is for another rig: '{rig.name}' has no bones named "
                f"{some(sorted(gone))}. Nothing was changed."
            )
        if bone_map.calibration is not None:
            bone_map = replace(bone_map, calibration=on_rig(bone_map.calibration, found.rest))
        maps.set_override(context.scene, rig, bone_map, {})
        return f"'{rig.name}' has the map {bone_map.name} now."


class POSEWRIGHT_OT_map_save(Edits, bpy.types.Operator, ExportHelper):
    """Save the bone map of this armature as a file"""

    bl_idname = "posewright.map_save"
    bl_label = "Save Bone Map"
    bl_options = set()

    filename_ext = ".json"
    filter_glob: bpy.props.StringProperty(default="*.json", options={"HIDDEN"})

    def invoke(self, context, event):
        name = re.sub(r'[\\/:*?"<>|]', "_", context.active_object.name)
        self.filepath = f"{name}.bonemap.json"
        return super().invoke(context, event)

    def edit(self, context, rig, found):
        map_store.write(self.filepath, found.mapping.bone_map)
        return f"Saved as {self.filepath}."


CLASSES = (
    POSEWRIGHT_OT_map_save_preset,
    POSEWRIGHT_OT_map_forget_preset,
    POSEWRIGHT_OT_map_load,
    POSEWRIGHT_OT_map_save,
)
