"""The modifiers of a curve, taken over into another one."""

from __future__ import annotations

import bpy

from .written import Span


def copy(modifier: bpy.types.FModifier, curve: bpy.types.FCurve) -> None:
    made = curve.modifiers.new(modifier.type)
    for prop in modifier.bl_rna.properties:
        if not prop.is_readonly:
            setattr(made, prop.identifier, getattr(modifier, prop.identifier))
    if modifier.type == "ENVELOPE":
        for point in modifier.control_points:
            there = made.control_points.add(point.frame)
            there.min, there.max = point.min, point.max


def leaves_alone(modifier: bpy.types.FModifier, span: Span) -> bool:
    """Whether it does the same as before, and nothing to the frames of ``span``, when these get other keys."""
    if modifier.mute:
        return True
    # cycles repeat what lies between the first and the last key, whatever that is
    restricted = modifier.use_restricted_range and modifier.type != "CYCLES"
    return restricted and (modifier.frame_end < span[0] or modifier.frame_start > span[1])
