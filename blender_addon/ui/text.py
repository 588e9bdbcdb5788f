"""Text in panels, which are narrow."""

from __future__ import annotations

import blf


def wrapped(context, layout, text: str, icon: str | None, share: float = 1.0) -> None:
    """Labels as wide as ``share`` of the region: a label does not wrap by itself."""
    scale = context.preferences.system.ui_scale
    beside = 62 if icon is None else 84  # margins, scroll bar and tabs; the icon
    width = (context.region.width if context.region is not None else 300 * scale) * share - beside * scale
    column = layout.column(align=True)
    column.scale_y = 0.8
    for i, line in enumerate(_lines(text, width, scale)):
        if icon is None:
            column.label(text=line)
        else:
            column.label(text=line, icon=icon if i == 0 else "BLANK1")


def short(bones) -> str:
    """Names of bones for a narrow place, without the prefix that all bones of a rig have in common ("mixamorig:")."""
    return ", ".join(bone.rpartition(":")[2] for bone in bones)


def _lines(text: str, width: float, scale: float) -> list[str]:
    """``text`` broken between words into lines of at most ``width`` pixels in Blender's interface font."""
    blf.size(0, 11.0 * scale)
    lines, line = [], ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if line and blf.dimensions(0, longer)[0] > width:
            lines.append(line)
            line = word
        else:
            line = longer
    return [*lines, line]
