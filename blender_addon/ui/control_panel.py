"""The part of the bone map's panel that names a control rig's own controls."""

from __future__ import annotations

from ..backend.motion.bone_map import BoneMap
from ..rig.bone_maps import controls as map_controls
from ..rig.bone_maps.parts import PARTS, Part
from .text import short

_LABELS = {"fk": "FK", "ik": "IK", "pole": "Pole", "twist": "Twist", "body": "Body", "root": "Root"}


def draw_controls(layout, bone_map: BoneMap) -> None:
    """Closed at first: a rig without controls needs none of it."""
    header, body = layout.panel("posewright_map_controls", default_closed=True)
    header.label(text="Controls")
    if body is None:
        return
    column = body.column(align=True)
    for role in map_controls.OF_BODY:
        _role(column, bone_map, role)
    for part in PARTS:
        column.separator()
        column.label(text=part.label)
        for role in map_controls.OF_PARTS if part.limb else ("fk",):
            _role(column, bone_map, role, part)
        if part.limb:
            _switch(column, bone_map, part)


def _role(column, bone_map: BoneMap, role: str, part: Part | None = None) -> None:
    bones = map_controls.get(bone_map, role, part)
    row = _row(column, _LABELS[role], short(bones))
    _button(row, "posewright.control_from_selection", "RESTRICT_SELECT_OFF", role, part)
    if bones:
        _button(row, "posewright.control_clear", "X", role, part)


def _button(row, operator: str, icon: str, role: str, part: Part | None) -> None:
    pressed = row.operator(operator, text="", icon=icon)
    pressed.role, pressed.part = role, "" if part is None else part.key


def _switch(column, bone_map: BoneMap, limb: Part) -> None:
    switch = map_controls.switch(bone_map, limb)
    row = _row(column, "Switch", f"{switch.property}, {short([switch.bone])}" if switch else "")
    row.operator("posewright.switch_set", text="", icon="RESTRICT_SELECT_OFF").part = limb.key
    if switch:
        row.operator("posewright.switch_clear", text="", icon="X").part = limb.key


def _row(column, word: str, value: str):
    split = column.split(factor=0.28)
    split.label(text=word)
    row = split.row(align=True)
    row.label(text=value or "none")
    return row
