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

from .ui import (
    amass_operator,
    calibrate_operator,
    control_operators,
    map_file_operators,
    map_operators,
    map_panel,
    operators,
    options_panel,
    panel,
    preferences,
    properties,
    retarget_operators,
    retarget_panel,
    runtime,
    smplx_operators,
    switch_operators,
    take_operators,
)

_WITH_CLASSES = (
    properties,
    preferences,
    operators,
    take_operators,
    calibrate_operator,
    control_operators,
    map_file_operators,
    map_operators,
    switch_operators,
    panel,
    options_panel,
    map_panel,
    retarget_operators,
    retarget_panel,
    amass_operator,
    smplx_operators,
)
"""panels show up in this order"""
_CLASSES = tuple(cls for module in _WITH_CLASSES for cls in module.CLASSES)


def register():
    for cls in _CLASSES:
        bpy.utils.register_class(cls)
    bpy.types.Scene.posewright = bpy.props.PointerProperty(type=properties.PosewrightScene)
    bpy.types.VIEW3D_MT_armature_add.append(smplx_operators.menu)
    runtime.install()


def unregister():
    runtime.remove()
    bpy.types.VIEW3D_MT_armature_add.remove(smplx_operators.menu)
    del bpy.types.Scene.posewright
    for cls in reversed(_CLASSES):
        bpy.utils.unregister_class(cls)
