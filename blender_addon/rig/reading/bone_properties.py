"""Numbers on a pose bone that say how a limb is moved: the rig's custom properties, and one of Blender's own."""

from __future__ import annotations

import bpy

OWN = ("ik_stretch",)
"""Blender's own: how far inverse kinematics may stretch the bone. No rig has a custom property of that name."""


def path_of(name: str) -> str:
    """The data path of the property, seen from its bone."""
    return f".{name}" if name in OWN else f'["{bpy.utils.escape_identifier(name)}"]'


def get(bone: bpy.types.PoseBone, name: str) -> bool | int | float | None:
    """The number, or None where there is none of that name."""
    value = getattr(bone, name) if name in OWN else bone.get(name)
    return value if isinstance(value, (bool, int, float)) else None


def put(bone: bpy.types.PoseBone, name: str, value: float) -> None:
    """Set the number; its kind (switch, whole number, number) stays what it was."""
    if name in OWN:
        setattr(bone, name, value)
    else:
        bone[name] = type(bone.get(name, value))(value)
