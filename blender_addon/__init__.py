# SPDX-License-Identifier: GPL-3.0-or-later
"""Posewright: words and key poses into motion on the animator's own rig."""

from __future__ import annotations

import bpy

try:
    import numpy  # noqa: F401
except ImportError as missing:  # Blender's own builds bring it; those of Linux distributions leave it to a package
    raise ImportError(
        "Posewright needs numpy, which this Blender's Python does not have. Install it (on Debian and Ubuntu the "
        "package python3-numpy) and restart Blender."
    ) from missing

from .ui import operators, panel, preferences, properties, runtime

_CLASSES = (
    properties.PosewrightScene,
    preferences.PosewrightPreferences,
    operators.POSEWRIGHT_OT_generate,
    operators.POSEWRIGHT_OT_cancel,
    operators.POSEWRIGHT_OT_apply_take,
    operators.POSEWRIGHT_OT_check_backend,
    operators.POSEWRIGHT_OT_notice,
    operators.POSEWRIGHT_OT_preferences,
    panel.POSEWRIGHT_PT_main,
    panel.POSEWRIGHT_PT_report,
    panel.POSEWRIGHT_PT_backend,
)


def register():
    for cls in _CLASSES:
        bpy.utils.register_class(cls)
    bpy.types.Scene.posewright = bpy.props.PointerProperty(type=properties.PosewrightScene)
    runtime.install()


def unregister():
    runtime.remove()
    del bpy.types.Scene.posewright
    for cls in reversed(_CLASSES):
        bpy.utils.unregister_class(cls)
