"""The bone map in the panel: which bone is which part of the body, how sure that is, and how to change it."""

from __future__ import annotations

import bpy

from ..backend.motion.mapping.mapping import SURE
from ..backend.motion.skeleton import SMPL22_NAMES
from ..rig.bone_maps import check as map_check
from ..rig.bone_maps.lookup import Found
from ..rig.bone_maps.parts import PARTS, Part
from ..rig.listing import some
from . import runtime
from .calibrate_operator import describe
from .control_panel import draw_controls
from .tab import SubPanel
from .text import short, wrapped

_SOURCES = {"hand": "set by hand in this scene", "preset": "your preset", "automatic": "found by itself"}


class _Map(SubPanel):
    bl_label = "Bone Map"

    def draw(self, context):
        found = runtime.of(context).shown
        _summary(context, self.layout, found)
        self.layout.row().prop(context.scene.posewright, "map_shown", expand=True)
        for part in PARTS:
            _part(context, self.layout, found, part)
        draw_controls(self.layout, found.mapping.bone_map)
        _calibration(context, self.layout, found)
        _tools(self.layout, found)


class POSEWRIGHT_PT_map(_Map, bpy.types.Panel):
    bl_idname = "POSEWRIGHT_PT_map"

    @classmethod
    def poll(cls, context):
        found = runtime.of(context).shown
        return found is not None and not found.why


class POSEWRIGHT_PT_map_by_hand(_Map, bpy.types.Panel):
    """The same, open: the selected armature cannot be used before its map is complete."""

    bl_idname = "POSEWRIGHT_PT_map_by_hand"
    bl_options = set()

    @classmethod
    def poll(cls, context):
        found = runtime.of(context).shown
        return found is not None and bool(found.why)


def _summary(context, layout, found: Found) -> None:
    mapping = found.mapping
    slots = mapping.bone_map.slots
    body = sum(s in SMPL22_NAMES for s in slots)
    counts = f"{body} of {len(SMPL22_NAMES)} body parts, {len(slots) - body} of 30 finger joints"
    which = "Incomplete" if found.why else f"{mapping.bone_map.name}, {_SOURCES[found.source]}"
    wrapped(context, layout, f"{which}: {counts}", "ARMATURE_DATA")
    if mapping.unsure:
        wrapped(context, layout, f"Please look at: {some(map(map_check.words, mapping.unsure))}", "QUESTION")
    absent = [s for s in mapping.absent if s in SMPL22_NAMES and s not in map_check.NEEDED]
    if absent:
        wrapped(context, layout, f"Not there: {', '.join(map(map_check.words, absent))}", "INFO")
    for note in (*mapping.notes, found.note):
        if note:
            wrapped(context, layout, note, "INFO")


def _state(found: Found, slot: str) -> str:
    guess = found.mapping.guesses.get(slot)
    if guess is None:
        return "unmapped"
    return "sure" if guess.confidence >= SURE else "unsure"


def _part(context, layout, found: Found, part: Part) -> None:
    states = {slot: _state(found, slot) for slot in part.slots}
    shown = context.scene.posewright.map_shown
    rows = [slot for slot in part.slots if shown in ("all", states[slot])]
    if not rows:
        return
    header, body = layout.panel(f"posewright_map_{part.key}", default_closed=part.closed)
    mapped = sum(state != "unmapped" for state in states.values())
    unsure = "unsure" in states.values()
    header.label(text=f"{part.label}  {mapped}/{len(states)}", icon="QUESTION" if unsure else "NONE")
    if body is None:
        return
    column = body.column(align=True)
    for slot in rows:
        _row(context, column, found, part, slot, states[slot])


def _row(context, column, found: Found, part: Part, slot: str, state: str) -> None:
    guess = found.mapping.guesses.get(slot)
    needed = slot in map_check.NEEDED
    split = column.split(factor=0.28)
    split.label(text=part.word(slot))
    row = split.row(align=True)
    chooser = row.row(align=True)
    chooser.alert = state == "unsure" or (state == "unmapped" and needed)
    nothing = "needed" if needed else "none"
    chooser.operator("posewright.map_pick", text=short(guess.bones) if guess else nothing).slot = slot
    if state == "unsure":
        row.operator("posewright.map_confirm", text="", icon="CHECKMARK").slot = slot
    row.operator("posewright.map_from_selection", text="", icon="RESTRICT_SELECT_OFF").slot = slot
    if guess:
        row.operator("posewright.map_clear", text="", icon="X").slot = slot
    if state == "unsure":
        wrapped(context, column, guess.why, "BLANK1")


def _calibration(context, layout, found: Found) -> None:
    if found.why:
        return
    column = layout.column(align=True)
    wrapped(context, column, f"Measured from {describe(found.mapping.bone_map.calibration)}", "POSE_HLT")
    column.operator_menu_enum("posewright.calibrate", "pose", text="Calibrate")


def _tools(layout, found: Found) -> None:
    column = layout.column(align=True)
    row = column.row(align=True)
    row.operator("posewright.map_mirror", text="Left to Right", icon="MOD_MIRROR").side = "left"
    row.operator("posewright.map_mirror", text="Right to Left").side = "right"
    row = column.row(align=True)
    row.operator("posewright.map_load", text="Load", icon="FILE_FOLDER")
    row.operator("posewright.map_save", text="Save", icon="FILE_TICK")
    if found.source == "preset":
        column.operator("posewright.map_forget_preset", icon="TRASH")
    elif not found.why:
        column.operator("posewright.map_save_preset", icon="PRESET_NEW")
    if found.source == "hand":
        column.operator("posewright.map_reset", icon="LOOP_BACK")


CLASSES = (POSEWRIGHT_PT_map_by_hand, POSEWRIGHT_PT_map)
